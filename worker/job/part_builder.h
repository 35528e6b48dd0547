// Encoded rows put together to what a model computes with.
#ifndef PUMASI_WORKER_JOB_PART_BUILDER_H_
#define PUMASI_WORKER_JOB_PART_BUILDER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "proto/job.pb.h"
#include "worker/input/label_kind.h"
#include "worker/model/part.h"

namespace pumasi {

// What of a job decides how its rows stand in a part.
struct RowShape {
  LabelKind labels = LabelKind::kClass;
  // Tokens with id 0 are left out; a row may become empty.
  bool mask_zero = false;

  static RowShape Of(const v1::Job& job) {
    return {LabelKindOf(job.loss()), job.model_size() > 0 && job.model(0).embedding().mask_zero()};
  }
};

// Not thread-safe.
class PartBuilder {
 public:
  explicit PartBuilder(const RowShape& shape) : shape_(shape) { part_.offsets.push_back(0); }

  // Appends a row that has no labels, for a prediction. Rows with and without labels do not mix.
  void Add(std::span<const uint32_t> tokens);
  // Appends a row with labels as RowSource::Get gives them.
  void Add(std::span<const uint32_t> tokens, std::span<const uint32_t> labels);

  // The part, its ids merged. Nothing may be called afterwards but to assign a new builder.
  Part Take();

 private:
  RowShape shape_;
  Part part_;
  std::vector<uint64_t> ids_;  // of all tokens
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_PART_BUILDER_H_
