// Reads Prometheus' text format, version 0.0.4, as strictly as its description
// (https://prometheus.io/docs/instrumenting/exposition_formats/) allows.
#ifndef PUMASI_TESTS_METRICS_EXPOSITION_H_
#define PUMASI_TESTS_METRICS_EXPOSITION_H_

#include <map>
#include <string>
#include <vector>

namespace pumasi {

struct Exposition {
  struct Sample {
    std::string name;
    std::map<std::string, std::string> labels;
    double value = 0;
  };
  std::map<std::string, std::string> types, helps;  // by family
  std::vector<Sample> samples;

  // Sum of the samples of this name that have these labels among theirs.
  double Sum(const std::string& name, const std::map<std::string, std::string>& labels = {}) const;
  // How many there are.
  int Count(const std::string& name, const std::map<std::string, std::string>& labels = {}) const;
};

// std::runtime_error names the line and what is wrong with it: syntax, a family that is not in one piece or has no
// type, a sample that comes twice, a histogram whose buckets are not cumulative or do not end with its count.
Exposition ReadExposition(const std::string& text);

}  // namespace pumasi

#endif  // PUMASI_TESTS_METRICS_EXPOSITION_H_
