// One layer of a job's model: what it makes of the shape it is given, and the tables that it trains.
#ifndef PUMASI_COMMON_MODEL_PLAN_LAYER_H_
#define PUMASI_COMMON_MODEL_PLAN_LAYER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// What flows between two layers: one vector a row (rows x width), or a sequence of them (rows x tokens x width).
struct LayerShape {
  bool sequence = false;
  uint32_t width = 0;
  // Of a sequence: steps that a row has less than tokens, or all of them where it has fewer tokens.
  uint32_t lost = 0;

  bool operator==(const LayerShape&) const = default;
};

struct LayerPlan {
  // "lstm", "lstm_1"; in a branch of a concatenation "concatenate/0/lstm".
  std::string name;
  // From which it draws what it drops: its place in the model, and behind those the layers in branches.
  uint32_t number = 0;
  LayerShape in;
  LayerShape out;
  // In Keras' order: "lstm/kernel", "lstm/recurrent_kernel", "lstm/bias"; of a bidirectional layer
  // "lstm/forward_kernel", …, "lstm/backward_kernel", …; of a concatenation those of its branches' layers.
  std::vector<v1::TableSpec> tables;
  // Of a concatenation: each branch's layers.
  std::vector<std::vector<LayerPlan>> branches;
};

// What the plan depends on beside the layer and its input.
struct LayerSurroundings {
  uint64_t seed = 0;
  uint32_t vocabulary = 0;
  // 0: not known yet.
  uint32_t classes = 0;
  v1::Loss loss = v1::LOSS_CROSS_ENTROPY;
  bool last = false;
  // Concatenations around it.
  int depth = 0;
  // Of the layer before; empty for the first one.
  std::string name_before;
};

// The key of a layer in a job file, "lstm"; "unknown" for an empty one.
std::string LayerKind(const v1::Layer& layer);

// Fills `out`, `tables` and `branches` of a plan whose name and input are there. Errors are without position and name:
// "an lstm takes a sequence (rows x tokens x width), but dense gives one vector a row (rows x 5); …".
absl::Status PlanLayer(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_LAYER_H_
