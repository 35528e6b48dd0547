#include "ops/label_sets.h"

#include <catch2/catch.hpp>
#include <vector>

namespace pumasi {
namespace {

TEST_CASE("Predicted sets are held against the labels, right, missed and wrong ones counted") {
  // Labels {0, 2}, {}, {1}, {0, 1}; a logit of exactly 0 predicts nothing.
  const std::vector<uint32_t> offsets = {0, 2, 2, 3, 5};
  const std::vector<int32_t> labels = {0, 2, 1, 0, 1};
  const std::vector<float> logits = {1, -1, 2, -1, 0, -3, 1, 1, -1, 1, -1, -1};
  ConfusionCounts counts;
  CHECK(JudgeLabelSets(4, 3, {offsets.data(), labels.data()}, logits.data(), &counts) == 2);
  CHECK(counts == ConfusionCounts{{{0, 0}, 2}, {{2, 2}, 1}, {{3, 0}, 1}, {{1, 1}, 1}, {{1, 3}, 1}});
  CHECK(JudgeLabelSets(4, 3, {offsets.data(), labels.data()}, logits.data(), nullptr) == 2);
  CHECK(JudgeLabelSets(0, 3, {}, nullptr, &counts) == 0);
}

}  // namespace
}  // namespace pumasi
