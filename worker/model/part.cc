#include "worker/model/part.h"

#include <limits>

#include "absl/strings/str_cat.h"

namespace pumasi {

absl::Status CheckPart(const Part& part, int classes, bool labelled) {
  constexpr size_t kMost = std::numeric_limits<int>::max();
  if (part.rows() > kMost || part.tokens.size() > kMost || part.ids.size() > kMost) {
    return absl::InvalidArgumentError(absl::StrCat("a part has ", part.rows(), " rows, ", part.tokens.size(),
                                                   " tokens and ", part.ids.size(), " ids; ", kMost, " is the most"));
  }
  const uint32_t first = part.offsets.empty() ? 0 : part.offsets.front();
  const uint32_t last = part.offsets.empty() ? 0 : part.offsets.back();
  if (first != 0 || last != part.tokens.size()) {
    return absl::InvalidArgumentError(absl::StrCat("a part's offsets go from ", first, " to ", last,
                                                   "; they have to go from 0 to its ", part.tokens.size(), " tokens"));
  }
  for (size_t row = 0; row < part.rows(); ++row) {
    if (part.offsets[row] > part.offsets[row + 1]) {
      return absl::InvalidArgumentError(absl::StrCat("row ", row, " of a part ends before it begins"));
    }
  }
  for (const uint32_t token : part.tokens) {
    if (token >= part.ids.size()) {
      return absl::InvalidArgumentError(absl::StrCat("a part's token points at id ", token, " of ", part.ids.size()));
    }
  }
  for (size_t i = 1; i < part.ids.size(); ++i) {
    if (part.ids[i - 1] >= part.ids[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("a part's ids have to ascend, but ", part.ids[i], " follows ", part.ids[i - 1]));
    }
  }
  if (!labelled) return absl::OkStatus();
  if (part.labels.size() != part.rows()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a part has ", part.labels.size(), " labels for ", part.rows(), " rows"));
  }
  for (size_t row = 0; row < part.rows(); ++row) {
    if (part.labels[row] < 0 || part.labels[row] >= classes) {
      return absl::InvalidArgumentError(
          absl::StrCat("row ", row, " of a part has label ", part.labels[row], "; labels are 0 to ", classes - 1));
    }
  }
  return absl::OkStatus();
}

}  // namespace pumasi
