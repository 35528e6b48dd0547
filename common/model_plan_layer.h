// One layer of a job's model: what it makes of the shape it is given, and the tables that it trains.
#ifndef PUMASI_COMMON_MODEL_PLAN_LAYER_H_
#define PUMASI_COMMON_MODEL_PLAN_LAYER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// What flows between two layers: one vector a row (rows x width), or a sequence of them (rows x tokens x width).
struct LayerShape {
  bool sequence = false;
  uint32_t width = 0;
};

struct LayerPlan {
  // "lstm", "lstm_1".
  std::string name;
  LayerShape in;
  LayerShape out;
  // In Keras' order: "lstm/kernel", "lstm/recurrent_kernel", "lstm/bias"; of a bidirectional layer
  // "lstm/forward_kernel", …, "lstm/backward_kernel", ….
  std::vector<v1::TableSpec> tables;
};

// What the plan depends on beside the layer and its input.
struct LayerSurroundings {
  uint64_t seed = 0;
  uint32_t vocabulary = 0;
  // 0: not known yet.
  uint32_t classes = 0;
  bool last = false;
  // Of the layer before; empty for the first one.
  std::string name_before;
};

// The key of a layer in a job file, "lstm"; "unknown" for an empty one.
std::string LayerKind(const v1::Layer& layer);

// Fills `out` and `tables` of a plan whose name and input are there. Errors are without position and name: "an lstm
// takes a sequence (rows x tokens x width), but dense gives one vector a row (rows x 5); …".
absl::Status PlanLayer(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_LAYER_H_
