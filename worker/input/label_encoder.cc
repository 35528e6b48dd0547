#include "worker/input/label_encoder.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/escape.h"

namespace pumasi {

bool LabelEncoder::Encode(std::string_view value, LabelReader::Values* values, std::vector<uint32_t>* encoded) const {
  if (!reader_.Read(value, values)) return false;
  if (kind() == LabelKind::kNumbers) {
    encoded->swap(values->numbers);
    return true;
  }
  encoded->clear();
  for (const std::string_view name : values->names) {
    const std::optional<uint32_t> label = labels_.Find(name);
    if (!label.has_value()) return false;
    encoded->push_back(*label);
  }
  if (encoded->size() > 1) {
    std::sort(encoded->begin(), encoded->end());
    encoded->erase(std::unique(encoded->begin(), encoded->end()), encoded->end());
  }
  return true;
}

std::string LabelEncoder::Problem(std::string_view value) const {
  LabelReader::Values values;
  if (!reader_.Read(value, &values)) return reader_.Problem(value);
  for (const std::string_view name : values.names) {
    if (labels_.Find(name).has_value()) continue;
    constexpr size_t kShown = 64;
    return absl::StrCat("the label \"", EscapeControls(std::string(name.substr(0, kShown))), "\" is none of the ",
                        labels_.names().size(), " labels of the training rows");
  }
  return "";
}

}  // namespace pumasi
