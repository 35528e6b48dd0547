#include "worker/job/part_builder.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace pumasi {
namespace {

using Words = std::vector<uint32_t>;

v1::Loss LossFor(LabelKind kind) {
  if (kind == LabelKind::kNumbers) return v1::LOSS_MSE;
  return kind == LabelKind::kClasses ? v1::LOSS_BINARY_CROSS_ENTROPY : v1::LOSS_CROSS_ENTROPY;
}

TEST_CASE("A part gives back the rows that were put into it, whatever they are labelled with") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    for (const LabelKind kind : {LabelKind::kClass, LabelKind::kClasses, LabelKind::kNumbers}) {
      CAPTURE(seed, static_cast<int>(kind));
      std::mt19937_64 random(seed);
      const bool mask = random() % 2 == 0;
      const size_t classes = 1 + random() % 5;
      PartBuilder builder({kind, mask});
      std::vector<Words> rows, all_labels;
      for (size_t n = random() % 20; n > 0; --n) {
        Words& tokens = rows.emplace_back(random() % 6);
        for (uint32_t& token : tokens) token = random() % 7;
        Words& labels = all_labels.emplace_back();
        for (uint32_t label = 0; label < classes; ++label) {
          if (kind == LabelKind::kNumbers) labels.push_back(BitsOf(float(random() % 100) - 50));
          if (kind == LabelKind::kClasses && random() % 2 == 0) labels.push_back(label);
        }
        if (kind == LabelKind::kClass) labels.push_back(random() % classes);
        builder.Add(tokens, labels);
      }
      const Part part = builder.Take();
      REQUIRE(part.rows() == rows.size());
      CHECK(CheckPart(part, static_cast<int>(classes), true, LossFor(kind)).ok());
      for (size_t row = 0; row < rows.size(); ++row) {
        if (mask) std::erase(rows[row], 0u);
        Words tokens, labels;
        for (uint32_t i = part.offsets[row]; i < part.offsets[row + 1]; ++i) {
          tokens.push_back(static_cast<uint32_t>(part.ids[part.tokens[i]]));
        }
        CHECK(tokens == rows[row]);
        if (kind == LabelKind::kClass) labels.push_back(static_cast<uint32_t>(part.labels[row]));
        for (size_t i = 0; kind == LabelKind::kNumbers && i < classes; ++i) {
          labels.push_back(BitsOf(part.targets[row * classes + i]));
        }
        for (uint32_t i = kind == LabelKind::kClasses ? part.label_offsets[row] : 0;
             kind == LabelKind::kClasses && i < part.label_offsets[row + 1]; ++i) {
          labels.push_back(static_cast<uint32_t>(part.labels[i]));
        }
        CHECK(labels == all_labels[row]);
      }
    }
  }
}

TEST_CASE("A part for a prediction has no labels at all") {
  for (const LabelKind kind : {LabelKind::kClass, LabelKind::kClasses, LabelKind::kNumbers}) {
    PartBuilder builder({kind, true});
    builder.Add(Words{3, 0, 3});
    builder.Add(Words{0});
    const Part part = builder.Take();
    CHECK(part.rows() == 2);
    CHECK(part.ids == std::vector<uint64_t>{3});
    CHECK(part.offsets == Words{0, 2, 2});
    CHECK(part.labels.empty());
    CHECK(part.label_offsets.empty());
    CHECK(part.targets.empty());
    CHECK(CheckPart(part, 2, false, LossFor(kind)).ok());
  }
}

TEST_CASE("The first layer and the loss decide the shape of rows") {
  v1::Job job;
  CHECK(RowShape::Of(job).labels == LabelKind::kClass);
  job.add_model()->mutable_embedding()->set_mask_zero(true);
  job.set_loss(v1::LOSS_BINARY_CROSS_ENTROPY);
  CHECK(RowShape::Of(job).labels == LabelKind::kClasses);
  CHECK(RowShape::Of(job).mask_zero);
}

}  // namespace
}  // namespace pumasi
