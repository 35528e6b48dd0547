#include "tools/bench/measure.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace pumasi {

std::vector<double> MedianSeconds(const std::vector<std::function<void()>>& work, int repetitions) {
  std::vector<std::vector<double>> seconds(work.size());
  for (int turn = -1; turn < repetitions; ++turn) {
    for (size_t i = 0; i < work.size(); ++i) {
      const auto start = std::chrono::steady_clock::now();
      work[i]();
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      if (turn >= 0) seconds[i].push_back(taken.count());
    }
  }
  std::vector<double> medians;
  for (auto& times : seconds) {
    std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
    medians.push_back(times[times.size() / 2]);
  }
  return medians;
}

void Report::Print() const {
  std::vector<size_t> widths;
  for (size_t column = 0; column < columns_.size(); ++column) {
    widths.push_back(columns_[column].size());
    for (const auto& row : rows_) widths[column] = std::max(widths[column], row[column].size());
  }
  const auto print = [&](const std::vector<std::string>& row) {
    for (size_t column = 0; column < row.size(); ++column) {
      std::printf(column == 0 ? "%-*s" : "  %*s", static_cast<int>(widths[column]), row[column].c_str());
    }
    std::printf("\n");
  };
  print(columns_);
  for (const auto& row : rows_) print(row);
}

bool Report::WriteJson(const std::string& path) const {
  std::ofstream file(path);
  for (const auto& row : rows_) {
    nlohmann::ordered_json json;
    for (size_t column = 0; column < row.size(); ++column) json[columns_[column]] = row[column];
    file << json.dump() << "\n";
  }
  file.close();
  return bool(file);
}

std::string Fixed(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

}  // namespace pumasi
