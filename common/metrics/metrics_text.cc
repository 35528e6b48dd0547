#include "common/metrics/metrics_text.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace pumasi {
namespace {

constexpr char kInfinity[] = "+Inf";

// The shortest digits that give the same number again; whole numbers without an exponent.
std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? kInfinity : "-Inf";
  const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
  char digits[400];
  const auto end = whole || (std::abs(value) >= 1e-6 && std::abs(value) < 1e15)
                       ? std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr
                       : std::to_chars(digits, digits + sizeof digits, value).ptr;
  return std::string(digits, end);
}

const char* TypeName(v1::MetricFamily::Type type) {
  switch (type) {
    case v1::MetricFamily::COUNTER:
      return "counter";
    case v1::MetricFamily::GAUGE:
      return "gauge";
    case v1::MetricFamily::HISTOGRAM:
      return "histogram";
    default:
      return "untyped";
  }
}

// `le`: of a bucket; empty: no such label.
std::string Labels(const v1::MetricSeries& series, absl::string_view le = "") {
  std::string text;
  const auto add = [&](absl::string_view name, absl::string_view value) {
    absl::StrAppend(&text, text.empty() ? "{" : ",", name, "=\"",
                    absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}), "\"");
  };
  for (const auto& label : series.labels()) add(label.name(), label.value());
  if (!le.empty()) add("le", le);
  if (!text.empty()) text += "}";
  return text;
}

void AddHistogram(const std::string& name, const v1::MetricSeries& series, std::string* text) {
  uint64_t below = 0;
  for (int i = 0; i < series.counts_size(); ++i) {
    below += series.counts(i);
    const std::string le = i < series.bounds_size() ? Number(series.bounds(i)) : kInfinity;
    absl::StrAppend(text, name, "_bucket", Labels(series, le), " ", below, "\n");
  }
  absl::StrAppend(text, name, "_sum", Labels(series), " ", Number(series.value()), "\n");
  absl::StrAppend(text, name, "_count", Labels(series), " ", below, "\n");
}

}  // namespace

std::string MetricsText(const v1::MetricsSnapshot& snapshot) {
  std::string text;
  for (const v1::MetricFamily& family : snapshot.families()) {
    absl::StrAppend(&text, "# HELP ", family.name(), " ",
                    absl::StrReplaceAll(family.help(), {{"\\", "\\\\"}, {"\n", "\\n"}}), "\n");
    absl::StrAppend(&text, "# TYPE ", family.name(), " ", TypeName(family.type()), "\n");
    for (const v1::MetricSeries& series : family.series()) {
      if (family.type() == v1::MetricFamily::HISTOGRAM) {
        AddHistogram(family.name(), series, &text);
      } else {
        absl::StrAppend(&text, family.name(), Labels(series), " ", Number(series.value()), "\n");
      }
    }
  }
  return text;
}

}  // namespace pumasi
