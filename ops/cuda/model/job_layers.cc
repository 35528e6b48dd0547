#include "ops/cuda/model/job_layers.h"

#include "absl/strings/str_cat.h"
#include "ops/job_kinds.h"

namespace pumasi::cuda {
namespace {

using Kind = LayerSpec::Kind;

Join JoinOf(v1::Bidirectional bidirectional) {
  switch (bidirectional) {
    case v1::BIDIRECTIONAL_CONCAT:
      return Join::kConcat;
    case v1::BIDIRECTIONAL_SUM:
      return Join::kSum;
    case v1::BIDIRECTIONAL_MUL:
      return Join::kMul;
    case v1::BIDIRECTIONAL_AVE:
      return Join::kAve;
    default:
      return Join::kOneDirection;
  }
}

// `Proto` is v1::Lstm or v1::Gru.
template <typename Proto>
void ReadRecurrent(const Proto& proto, LayerSpec* spec) {
  spec->units = static_cast<int>(proto.units());
  spec->recurrent = {.return_sequences = proto.return_sequences(),
                     .go_backwards = proto.go_backwards(),
                     .gate = GateOf(proto.recurrent_activation())};
  spec->join = JoinOf(proto.bidirectional());
  spec->input_rate = proto.dropout();
  spec->state_rate = proto.recurrent_dropout();
}

// `Proto` is v1::LayerNormalization or v1::BatchNormalization.
template <typename Proto>
float EpsilonOf(const Proto& proto) {
  return static_cast<float>(proto.has_epsilon() ? proto.epsilon() : kNormalizationEpsilon);
}

absl::Status ReadLayer(const v1::Layer& layer, const LayerPlan& plan, LayerSpec* spec);

absl::Status ReadConcatenate(const v1::Concatenate& concatenate, const LayerPlan& plan, LayerSpec* spec) {
  for (size_t i = 0; i < plan.branches.size(); ++i) {
    spec->branches.emplace_back();
    for (size_t j = 0; j < plan.branches[i].size(); ++j) {
      const v1::Layer& inner = concatenate.branches(static_cast<int>(i)).layers(static_cast<int>(j));
      const absl::Status read = ReadLayer(inner, plan.branches[i][j], &spec->branches.back().emplace_back());
      if (!read.ok()) return read;
    }
  }
  return absl::OkStatus();
}

absl::Status ReadLayer(const v1::Layer& layer, const LayerPlan& plan, LayerSpec* spec) {
  spec->width = static_cast<int>(plan.in.width);
  spec->units = static_cast<int>(plan.out.width);
  spec->number = plan.number;
  switch (layer.kind_case()) {
    case v1::Layer::kLstm:
      spec->kind = Kind::kLstm;
      ReadRecurrent(layer.lstm(), spec);
      break;
    case v1::Layer::kGru:
      spec->kind = Kind::kGru;
      ReadRecurrent(layer.gru(), spec);
      spec->reset_after = !layer.gru().has_reset_after() || layer.gru().reset_after();
      break;
    case v1::Layer::kDense:
      spec->kind = Kind::kDense;
      spec->activation = ActivationOf(layer.dense().activation());
      break;
    case v1::Layer::kDropout:
      spec->kind = Kind::kDropout;
      spec->rate = layer.dropout().rate();
      break;
    case v1::Layer::kSpatialDropout1D:
      spec->kind = Kind::kDropout;
      spec->rate = layer.spatial_dropout1d().rate();
      spec->whole_columns = true;
      break;
    case v1::Layer::kConv1D:
      spec->kind = Kind::kConv1d;
      spec->kernel_size = static_cast<int>(layer.conv1d().kernel_size());
      spec->same = layer.conv1d().padding() == v1::PADDING_SAME;
      spec->activation = ActivationOf(layer.conv1d().activation());
      break;
    case v1::Layer::kGlobalMaxPooling1D:
      spec->kind = Kind::kMaxPooling;
      break;
    case v1::Layer::kGlobalAveragePooling1D:
      spec->kind = Kind::kAveragePooling;
      break;
    case v1::Layer::kAttention:
      spec->kind = Kind::kAttention;
      spec->units = static_cast<int>(layer.attention().units());
      break;
    case v1::Layer::kLayerNormalization:
      spec->kind = Kind::kLayerNormalization;
      spec->epsilon = EpsilonOf(layer.layer_normalization());
      break;
    case v1::Layer::kBatchNormalization:
      spec->kind = Kind::kBatchNormalization;
      spec->epsilon = EpsilonOf(layer.batch_normalization());
      break;
    case v1::Layer::kFlatten:
      spec->kind = Kind::kFlatten;
      spec->steps = static_cast<int>(layer.flatten().steps());
      break;
    case v1::Layer::kConcatenate:
      spec->kind = Kind::kConcatenate;
      return ReadConcatenate(layer.concatenate(), plan, spec);
    default:
      return absl::UnimplementedError(
          absl::StrCat(plan.name, " has no twin on a device; set the worker's device to cpu"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<LayerSpec>> LayersOf(const v1::Job& job, const std::vector<LayerPlan>& plans) {
  std::vector<LayerSpec> specs;
  for (int i = 1; i < job.model_size(); ++i) {
    const absl::Status read = ReadLayer(job.model(i), plans[i], &specs.emplace_back());
    if (!read.ok()) return read;
  }
  if (specs.empty()) return absl::InvalidArgumentError("a model needs a layer behind its embedding");
  // The last layer's activation is part of the loss but for squared errors.
  if (job.loss() != v1::LOSS_MSE) specs.back().activation = Activation::kLinear;
  return specs;
}

}  // namespace pumasi::cuda
