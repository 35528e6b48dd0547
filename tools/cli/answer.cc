#include "tools/cli/answer.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "absl/strings/str_format.h"
#include "tools/cli/json.h"

namespace pumasi {
namespace {

// The outputs by falling value, equal ones by number; at most `most`.
std::vector<uint32_t> Largest(const float* values, size_t outputs, size_t most) {
  std::vector<uint32_t> order(outputs);
  std::iota(order.begin(), order.end(), 0);
  const size_t count = std::min(most, outputs);
  std::partial_sort(order.begin(), order.begin() + count, order.end(),
                    [&](uint32_t a, uint32_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  order.resize(count);
  return order;
}

Json LabelsJson(const std::vector<std::string>& names, const std::vector<uint32_t>& labels,
                const float* probabilities) {
  Json list = Json::array();
  for (const uint32_t label : labels) {
    Json entry;
    entry["label"] = names[label];
    entry["probability"] = probabilities[label];
    list.push_back(entry);
  }
  return list;
}

std::string LabelsText(const std::vector<std::string>& names, const std::vector<uint32_t>& labels,
                       const float* probabilities) {
  std::string text;
  for (const uint32_t label : labels) {
    absl::StrAppendFormat(&text, "%s\t%.4f\t", names[label], probabilities[label]);
  }
  return text;
}

}  // namespace

std::string Answer(const std::string& line, const float* values, size_t outputs, const std::vector<std::string>& labels,
                   const AnswerForm& form) {
  Json json;
  json["text"] = line;
  std::string text;
  if (form.loss == v1::LOSS_MSE) {
    json["numbers"] = std::vector<float>(values, values + outputs);
    for (size_t i = 0; i < outputs; ++i) absl::StrAppendFormat(&text, "%.6g\t", values[i]);
  } else if (form.loss == v1::LOSS_BINARY_CROSS_ENTROPY) {
    std::vector<uint32_t> likely = Largest(values, outputs, outputs);
    std::erase_if(likely, [&](uint32_t label) { return !(values[label] > 0.5f); });
    json["labels"] = LabelsJson(labels, likely, values);
    json["top"] = LabelsJson(labels, Largest(values, outputs, form.top), values);
    text = likely.empty() ? "(none)\t" : LabelsText(labels, likely, values);
  } else {
    const std::vector<uint32_t> top = Largest(values, outputs, form.top);
    json["label"] = labels[top[0]];
    json["probability"] = values[top[0]];
    json["top"] = LabelsJson(labels, top, values);
    text = LabelsText(labels, top, values);
  }
  return form.json ? ToLine(json) : text + line;
}

}  // namespace pumasi
