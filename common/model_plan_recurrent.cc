#include "common/model_plan_recurrent.h"

#include "common/model_plan_shape.h"
#include "common/model_plan_table.h"

namespace pumasi {
namespace {

using v1::Initializer;
using v1::Layer;

// What an lstm and a gru differ in.
struct Cell {
  uint32_t gates;
  uint32_t bias_rows;
  Initializer::Kind bias;
};

// One direction's kernel, recurrent kernel and bias. `Spec` is v1::Lstm or v1::Gru.
template <typename Spec>
void AddDirection(const LayerSurroundings& around, const std::string& prefix, const Spec& spec, const Cell& cell,
                  LayerPlan* plan) {
  const uint32_t in = plan->in.width, units = spec.units(), columns = cell.gates * units;
  AddTensor(around, prefix + "kernel", in, columns,
            WeightInitializer(spec.kernel_initializer(), v1::INITIALIZER_KIND_GLOROT_UNIFORM, in, columns), plan);
  AddTensor(around, prefix + "recurrent_kernel", units, columns,
            WeightInitializer(spec.recurrent_initializer(), v1::INITIALIZER_KIND_ORTHOGONAL, units, columns), plan);
  AddTensor(around, prefix + "bias", cell.bias_rows, columns, InitializerOf(cell.bias), plan);
}

template <typename Spec>
absl::Status PlanRecurrent(const Layer& layer, const Spec& spec, const Cell& cell, const LayerSurroundings& around,
                           LayerPlan* plan) {
  if (spec.units() == 0) return RefuseLayer("units is 0 or not set");
  const bool both = spec.bidirectional() > v1::BIDIRECTIONAL_NONE;
  for (const absl::Status& status :
       {NeedSequence(layer, around, *plan), CheckShare("dropout", spec.dropout()),
        CheckShare("recurrent_dropout", spec.recurrent_dropout()),
        both && spec.go_backwards()
            ? RefuseLayer("go_backwards and bidirectional exclude each other: bidirectional goes both ways")
            : absl::OkStatus()}) {
    if (!status.ok()) return status;
  }
  const uint32_t directions = spec.bidirectional() == v1::BIDIRECTIONAL_CONCAT ? 2 : 1;
  plan->out = {spec.return_sequences(), directions * spec.units(), spec.return_sequences() ? plan->in.lost : 0};
  AddDirection(around, both ? "forward_" : "", spec, cell, plan);
  if (both) AddDirection(around, "backward_", spec, cell, plan);
  return absl::OkStatus();
}

}  // namespace

absl::Status PlanLstm(const Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  const bool forget = !layer.lstm().has_unit_forget_bias() || layer.lstm().unit_forget_bias();
  return PlanRecurrent(layer, layer.lstm(), {4, 1, forget ? Initializer::LSTM_BIAS : Initializer::ZEROS}, around, plan);
}

absl::Status PlanGru(const Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  const bool reset_after = !layer.gru().has_reset_after() || layer.gru().reset_after();
  return PlanRecurrent(layer, layer.gru(), {3, reset_after ? 2u : 1u, Initializer::ZEROS}, around, plan);
}

}  // namespace pumasi
