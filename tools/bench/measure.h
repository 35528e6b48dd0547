// How benchmarks here are measured and shown.
#ifndef PUMASI_TOOLS_BENCH_MEASURE_H_
#define PUMASI_TOOLS_BENCH_MEASURE_H_

#include <functional>
#include <string>
#include <vector>

namespace pumasi {

// Seconds that each piece of work takes: the median of `repetitions` turns, in each of which every piece runs once, so
// that what disturbs the machine for a while disturbs all of them. One turn before that warms up.
std::vector<double> MedianSeconds(const std::vector<std::function<void()>>& work, int repetitions);

// A table for the terminal, and the same as JSON lines for a file.
class Report {
 public:
  explicit Report(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void Print() const;
  // One JSON object a row, keys by column. False if the file cannot be written.
  bool WriteJson(const std::string& path) const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "12.3": `digits` behind the point.
std::string Fixed(double number, int digits);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_MEASURE_H_
