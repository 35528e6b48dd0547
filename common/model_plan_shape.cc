#include "common/model_plan_shape.h"

#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pumasi {

absl::Status RefuseLayer(absl::string_view why) { return absl::InvalidArgumentError(why); }

std::string DescribeShape(const LayerShape& shape) {
  if (!shape.sequence) return absl::StrCat("one vector a row (rows x ", shape.width, ")");
  const std::string steps = shape.lost == 0 ? "tokens" : absl::StrCat("(tokens - ", shape.lost, ")");
  return absl::StrCat("a sequence (rows x ", steps, " x ", shape.width, ")");
}

absl::Status NeedSequence(const v1::Layer& layer, const LayerSurroundings& around, const LayerPlan& plan) {
  if (plan.in.sequence) return absl::OkStatus();
  const std::string kind = LayerKind(layer);
  // Without the branch that it stands in.
  const std::string before = around.name_before.substr(around.name_before.rfind('/') + 1);
  const bool after_recurrent = absl::StartsWith(before, "lstm") || absl::StartsWith(before, "gru");
  return RefuseLayer(absl::StrCat(
      kind == "lstm" || kind == "attention" ? "an " : "a ", kind, " takes a sequence (rows x tokens x width), but ",
      around.name_before, " gives ", DescribeShape(plan.in),
      after_recurrent ? "; set return_sequences: true there" : "; put it before the layer that ends the sequence"));
}

absl::Status NeedVector(const LayerSurroundings& around, const LayerPlan& plan) {
  if (!plan.in.sequence) return absl::OkStatus();
  return RefuseLayer(absl::StrCat(
      "a dense layer takes one vector a row (rows x width), but ", around.name_before, " gives ",
      DescribeShape(plan.in),
      "; put an lstm, a gru, a global pooling, attention or flatten between them, or leave return_sequences out"));
}

absl::Status CheckShare(absl::string_view key, double share) {
  if (share >= 0 && share < 1) return absl::OkStatus();
  return RefuseLayer(absl::StrCat(key, " is ", share, "; it is a share of at least 0 and below 1"));
}

absl::Status CheckWidth(uint64_t width) {
  constexpr uint64_t kMost = std::numeric_limits<int32_t>::max();
  if (width <= kMost) return absl::OkStatus();
  return RefuseLayer(absl::StrCat("it makes vectors of ", width, " floats; ", kMost, " is the most"));
}

}  // namespace pumasi
