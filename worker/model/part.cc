#include "worker/model/part.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

absl::Status CheckLabel(const Part& part, size_t row, int32_t label, int classes) {
  if (label >= 0 && label < classes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("row ", row, " of a part has label ", label, "; labels are 0 to ", classes - 1));
}

absl::Status CheckLabels(const Part& part, int classes) {
  if (part.labels.size() != part.rows()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a part has ", part.labels.size(), " labels for ", part.rows(), " rows"));
  }
  for (size_t row = 0; row < part.rows(); ++row) {
    if (absl::Status status = CheckLabel(part, row, part.labels[row], classes); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckLabelSets(const Part& part, int classes) {
  const std::vector<uint32_t>& offsets = part.label_offsets;
  const bool none = offsets.empty() && part.rows() == 0;
  if (!none && offsets.size() != part.rows() + 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("a part has ", offsets.size(), " label offsets for ", part.rows(), " rows; one more than rows"));
  }
  const uint32_t first = none ? 0 : offsets.front(), last = none ? 0 : offsets.back();
  if (first != 0 || last != part.labels.size()) {
    return absl::InvalidArgumentError(absl::StrCat("a part's label offsets go from ", first, " to ", last,
                                                   "; they have to go from 0 to its ", part.labels.size(), " labels"));
  }
  for (size_t row = 0; row < part.rows(); ++row) {
    if (offsets[row] > offsets[row + 1] || offsets[row + 1] > last) {
      return absl::InvalidArgumentError(absl::StrCat("the labels of row ", row, " of a part end before they begin"));
    }
    for (uint32_t i = offsets[row]; i < offsets[row + 1]; ++i) {
      if (absl::Status status = CheckLabel(part, row, part.labels[i], classes); !status.ok()) return status;
      if (i > offsets[row] && part.labels[i - 1] >= part.labels[i]) {
        return absl::InvalidArgumentError(absl::StrCat("the labels of row ", row, " of a part have to ascend, but ",
                                                       part.labels[i], " follows ", part.labels[i - 1]));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTargets(const Part& part, int outputs) {
  if (part.targets.size() != part.rows() * outputs) {
    return absl::InvalidArgumentError(absl::StrCat("a part has ", part.targets.size(), " targets for ", part.rows(),
                                                   " rows of ", outputs, " numbers"));
  }
  for (size_t i = 0; i < part.targets.size(); ++i) {
    if (std::isfinite(part.targets[i])) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("row ", i / outputs, " of a part has target ", part.targets[i], "; targets are finite numbers"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPart(const Part& part, int outputs, bool labelled, v1::Loss loss) {
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
  if (loss == v1::LOSS_BINARY_CROSS_ENTROPY) return CheckLabelSets(part, outputs);
  return loss == v1::LOSS_MSE ? CheckTargets(part, outputs) : CheckLabels(part, outputs);
}

}  // namespace pumasi
