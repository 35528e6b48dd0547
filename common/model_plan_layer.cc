#include "common/model_plan_layer.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/mix_bits.h"

namespace pumasi {
namespace {

using v1::Initializer;
using v1::Layer;
using v1::TableSpec;

// Keras' default for Embedding.
constexpr float kEmbeddingLimit = 0.05f;

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(why); }

std::string Describe(const LayerShape& shape) {
  return shape.sequence ? absl::StrCat("a sequence (rows x tokens x ", shape.width, ")")
                        : absl::StrCat("one vector a row (rows x ", shape.width, ")");
}

absl::Status NeedSequence(const Layer& layer, const LayerSurroundings& around, const LayerPlan& plan) {
  if (plan.in.sequence) return absl::OkStatus();
  const std::string kind = LayerKind(layer);
  const bool after_recurrent =
      absl::StartsWith(around.name_before, "lstm") || absl::StartsWith(around.name_before, "gru");
  return Refuse(absl::StrCat(
      kind == "lstm" || kind == "attention" ? "an " : "a ", kind, " takes a sequence (rows x tokens x width), but ",
      around.name_before, " gives ", Describe(plan.in),
      after_recurrent ? "; set return_sequences: true there" : "; put it before the layer that ends the sequence"));
}

absl::Status NeedVector(const LayerSurroundings& around, const LayerPlan& plan) {
  if (!plan.in.sequence) return absl::OkStatus();
  return Refuse(absl::StrCat("a dense layer takes one vector a row (rows x width), but ", around.name_before, " gives ",
                             Describe(plan.in),
                             "; put an lstm, a gru, a global pooling or attention between them, or leave "
                             "return_sequences out"));
}

// A well-mixed function of the job's seed and the table's name: SplitMix64's finaliser over FNV-1a.
uint64_t TableSeed(uint64_t seed, const std::string& name) {
  uint64_t hash = 14695981039346656037ull;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return MixBits(seed + kGoldenRatio + hash);
}

// `limit` is UNIFORM's.
void AddTable(const LayerSurroundings& around, TableSpec::Kind kind, const std::string& name, uint64_t rows,
              uint32_t columns, Initializer::Kind initializer, LayerPlan* plan, float limit = 0) {
  TableSpec& table = plan->tables.emplace_back();
  table.set_name(name);
  table.set_kind(kind);
  table.set_rows(rows);
  table.set_columns(columns);
  table.mutable_initializer()->set_kind(initializer);
  if (initializer == Initializer::UNIFORM) table.mutable_initializer()->set_limit(limit);
  table.mutable_initializer()->set_seed(TableSeed(around.seed, name));
}

void AddTensor(const LayerSurroundings& around, const std::string& tensor, uint64_t rows, uint32_t columns,
               Initializer::Kind initializer, LayerPlan* plan, float limit = 0) {
  AddTable(around, TableSpec::DENSE, absl::StrCat(plan->name, "/", tensor), rows, columns, initializer, plan, limit);
}

absl::Status CheckRate(absl::string_view key, double rate) {
  if (rate >= 0 && rate < 1) return absl::OkStatus();
  return Refuse(absl::StrCat(key, " is ", rate, "; it is a share of at least 0 and below 1"));
}

// One direction's kernel, recurrent kernel and bias.
void AddDirection(const LayerSurroundings& around, const std::string& prefix, uint32_t gates, uint32_t units,
                  uint32_t bias_rows, Initializer::Kind bias, LayerPlan* plan) {
  AddTensor(around, prefix + "kernel", plan->in.width, gates * units, Initializer::GLOROT_UNIFORM, plan);
  AddTensor(around, prefix + "recurrent_kernel", units, gates * units, Initializer::ORTHOGONAL, plan);
  AddTensor(around, prefix + "bias", bias_rows, gates * units, bias, plan);
}

// `Spec` is v1::Lstm or v1::Gru.
template <typename Spec>
absl::Status PlanRecurrent(const Layer& layer, const Spec& spec, uint32_t gates, uint32_t bias_rows,
                           Initializer::Kind bias, const LayerSurroundings& around, LayerPlan* plan) {
  if (spec.units() == 0) return Refuse("units is 0 or not set");
  const bool both = spec.bidirectional() > v1::BIDIRECTIONAL_NONE;
  for (const absl::Status& status :
       {NeedSequence(layer, around, *plan), CheckRate("dropout", spec.dropout()),
        CheckRate("recurrent_dropout", spec.recurrent_dropout()),
        both && spec.go_backwards()
            ? Refuse("go_backwards and bidirectional exclude each other: bidirectional goes both ways")
            : absl::OkStatus()}) {
    if (!status.ok()) return status;
  }
  plan->out = {spec.return_sequences(), spec.units()};
  if (spec.bidirectional() == v1::BIDIRECTIONAL_CONCAT) plan->out.width *= 2;
  AddDirection(around, both ? "forward_" : "", gates, spec.units(), bias_rows, bias, plan);
  if (both) AddDirection(around, "backward_", gates, spec.units(), bias_rows, bias, plan);
  return absl::OkStatus();
}

absl::Status PlanDense(const v1::Dense& dense, const LayerSurroundings& around, LayerPlan* plan) {
  if (absl::Status status = NeedVector(around, *plan); !status.ok()) return status;
  if (dense.has_units() ? dense.units() == 0 : !around.last) {
    return Refuse("units is 0 or not set; only the last layer takes it from the number of classes");
  }
  if (dense.activation() == v1::ACTIVATION_SOFTMAX && !around.last) {
    return Refuse("softmax is an activation of the last layer only");
  }
  const uint32_t units = dense.has_units() ? dense.units() : around.classes;
  if (around.last && around.classes != 0 && units != around.classes) {
    return Refuse(absl::StrCat("units: ", units, " gives probabilities of shape rows x ", units,
                               ", but the data has labels of shape rows x ", around.classes, " (", around.classes,
                               " classes); leave units out"));
  }
  plan->out = {false, units};
  AddTensor(around, "kernel", plan->in.width, units, Initializer::GLOROT_UNIFORM, plan);
  AddTensor(around, "bias", 1, units, Initializer::ZEROS, plan);
  return absl::OkStatus();
}

absl::Status PlanConv1d(const Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  const v1::Conv1d& conv = layer.conv1d();
  if (absl::Status status = NeedSequence(layer, around, *plan); !status.ok()) return status;
  if (conv.filters() == 0) return Refuse("filters is 0 or not set");
  if (conv.kernel_size() == 0) return Refuse("kernel_size is 0 or not set");
  if (conv.activation() == v1::ACTIVATION_SOFTMAX) return Refuse("softmax is an activation of the last layer only");
  plan->out = {true, conv.filters()};
  // Keras counts a filter's whole window as its inputs, and each step that it reaches as an output.
  const double fan = static_cast<double>(conv.kernel_size()) * (static_cast<double>(plan->in.width) + conv.filters());
  AddTensor(around, "kernel", static_cast<uint64_t>(conv.kernel_size()) * plan->in.width, conv.filters(),
            Initializer::UNIFORM, plan, static_cast<float>(std::sqrt(6 / fan)));
  AddTensor(around, "bias", 1, conv.filters(), Initializer::ZEROS, plan);
  return absl::OkStatus();
}

absl::Status PlanAttention(const Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  const uint32_t units = layer.attention().units();
  if (absl::Status status = NeedSequence(layer, around, *plan); !status.ok()) return status;
  if (units == 0) return Refuse("units is 0 or not set");
  plan->out = {false, plan->in.width};
  AddTensor(around, "kernel", plan->in.width, units, Initializer::GLOROT_UNIFORM, plan);
  AddTensor(around, "bias", 1, units, Initializer::ZEROS, plan);
  AddTensor(around, "vector", 1, units, Initializer::GLOROT_UNIFORM, plan);
  return absl::OkStatus();
}

absl::Status PlanNormalization(const v1::LayerNormalization& layer, const LayerSurroundings& around, LayerPlan* plan) {
  if (layer.has_epsilon() && !(layer.epsilon() > 0)) {
    return Refuse(absl::StrCat("epsilon is ", layer.epsilon(), "; it has to be above 0"));
  }
  plan->out = plan->in;
  AddTensor(around, "gamma", 1, plan->in.width, Initializer::ONES, plan);
  AddTensor(around, "beta", 1, plan->in.width, Initializer::ZEROS, plan);
  return absl::OkStatus();
}

}  // namespace

std::string LayerKind(const Layer& layer) {
  const auto* field = Layer::descriptor()->FindFieldByNumber(layer.kind_case());
  return field == nullptr ? "unknown" : field->name();
}

absl::Status PlanLayer(const Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  switch (layer.kind_case()) {
    case Layer::kEmbedding:
      if (!around.name_before.empty()) return Refuse("an embedding can only be the first layer");
      if (layer.embedding().width() == 0) return Refuse("width is 0 or not set");
      plan->out = {true, layer.embedding().width()};
      AddTable(around, TableSpec::ROWS, plan->name, around.vocabulary, plan->out.width, Initializer::UNIFORM, plan,
               kEmbeddingLimit);
      return absl::OkStatus();
    case Layer::kLstm: {
      const bool forget = !layer.lstm().has_unit_forget_bias() || layer.lstm().unit_forget_bias();
      return PlanRecurrent(layer, layer.lstm(), 4, 1, forget ? Initializer::LSTM_BIAS : Initializer::ZEROS, around,
                           plan);
    }
    case Layer::kGru: {
      const bool reset_after = !layer.gru().has_reset_after() || layer.gru().reset_after();
      return PlanRecurrent(layer, layer.gru(), 3, reset_after ? 2 : 1, Initializer::ZEROS, around, plan);
    }
    case Layer::kDense:
      return PlanDense(layer.dense(), around, plan);
    case Layer::kDropout:
      plan->out = plan->in;
      return CheckRate("rate", layer.dropout().rate());
    case Layer::kSpatialDropout1D:
      plan->out = plan->in;
      if (absl::Status status = NeedSequence(layer, around, *plan); !status.ok()) return status;
      return CheckRate("rate", layer.spatial_dropout1d().rate());
    case Layer::kConv1D:
      return PlanConv1d(layer, around, plan);
    case Layer::kGlobalMaxPooling1D:
    case Layer::kGlobalAveragePooling1D:
      plan->out = {false, plan->in.width};
      return NeedSequence(layer, around, *plan);
    case Layer::kAttention:
      return PlanAttention(layer, around, plan);
    case Layer::kLayerNormalization:
      return PlanNormalization(layer.layer_normalization(), around, plan);
    default: {
      std::string kinds;
      const auto* oneof = Layer::descriptor()->oneof_decl(0);
      for (int i = 0; i < oneof->field_count(); ++i)
        absl::StrAppend(&kinds, i == 0 ? "" : ", ", oneof->field(i)->name());
      return Refuse(absl::StrCat("it is none of ", kinds));
    }
  }
}

}  // namespace pumasi
