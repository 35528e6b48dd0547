// The shapes that layers ask for, and how they are named where they do not fit.
#ifndef PUMASI_COMMON_MODEL_PLAN_SHAPE_H_
#define PUMASI_COMMON_MODEL_PLAN_SHAPE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/model_plan_layer.h"

namespace pumasi {

// InvalidArgument with this message.
absl::Status RefuseLayer(absl::string_view why);

// "a sequence (rows x tokens x 5)", "a sequence (rows x (tokens - 2) x 5)", "one vector a row (rows x 5)".
std::string DescribeShape(const LayerShape& shape);

// Refuse a layer whose input is no sequence, or is one, by both shapes and the name of the layer before.
absl::Status NeedSequence(const v1::Layer& layer, const LayerSurroundings& around, const LayerPlan& plan);
absl::Status NeedVector(const LayerSurroundings& around, const LayerPlan& plan);

// Refuses a share that is not in [0, 1).
absl::Status CheckShare(absl::string_view key, double share);

// Refuses vectors that are too long to compute with.
absl::Status CheckWidth(uint64_t width);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_SHAPE_H_
