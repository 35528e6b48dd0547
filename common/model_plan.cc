#include "common/model_plan.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

using v1::Initializer;
using v1::Layer;
using v1::TableSpec;

// Keras' default for Embedding.
constexpr float kEmbeddingLimit = 0.05f;

const char* KindName(const Layer& layer) {
  switch (layer.kind_case()) {
    case Layer::kEmbedding:
      return "embedding";
    case Layer::kLstm:
      return "lstm";
    case Layer::kDense:
      return "dense";
    default:
      return "unknown";
  }
}

// "model: layer 3 (dense): …"
absl::Status Refuse(const std::vector<std::string>& names, int layer, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("model: layer ", layer + 1, " (", names[layer], "): ", why));
}

// Whether `layer` can stand after `before`.
absl::Status CheckOrder(const std::vector<std::string>& names, int index, const Layer& before, const Layer& layer) {
  switch (layer.kind_case()) {
    case Layer::kEmbedding:
      return Refuse(names, index, "an embedding can only be the first layer");
    case Layer::kLstm:
      if (before.has_embedding()) return absl::OkStatus();
      return Refuse(names, index,
                    absl::StrCat("an lstm takes a sequence (rows x tokens x width), but ", names[index - 1],
                                 " gives one vector a row (rows x width); put it right after the embedding"));
    case Layer::kDense:
      if (!before.has_embedding()) return absl::OkStatus();
      return Refuse(names, index,
                    absl::StrCat("a dense layer takes one vector a row (rows x width), but ", names[index - 1],
                                 " gives a sequence (rows x tokens x width); put an lstm between them"));
    default:
      return Refuse(names, index, "it is none of embedding, lstm and dense");
  }
}

absl::Status CheckLayer(const std::vector<std::string>& names, int index, bool last, const Layer& layer) {
  if (layer.has_embedding() && layer.embedding().width() == 0) return Refuse(names, index, "width is 0 or not set");
  if (layer.has_lstm() && layer.lstm().units() == 0) return Refuse(names, index, "units is 0 or not set");
  if (!layer.has_dense()) return absl::OkStatus();
  const v1::Dense& dense = layer.dense();
  if (dense.has_units() ? dense.units() == 0 : !last) {
    return Refuse(names, index, "units is 0 or not set; only the last layer takes it from the number of classes");
  }
  if (dense.activation() == v1::ACTIVATION_SOFTMAX && !last) {
    return Refuse(names, index, "softmax is an activation of the last layer only");
  }
  return absl::OkStatus();
}

// A well-mixed function of the job's seed and the table's name: SplitMix64's finaliser over FNV-1a.
uint64_t TableSeed(uint64_t seed, const std::string& name) {
  uint64_t hash = 14695981039346656037ull;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  uint64_t mixed = seed + 0x9e3779b97f4a7c15ull + hash;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
  return mixed ^ (mixed >> 31);
}

TableSpec MakeTable(const v1::Job& job, const std::string& name, TableSpec::Kind kind, uint64_t rows, uint32_t columns,
                    Initializer::Kind initializer) {
  TableSpec table;
  table.set_name(name);
  table.set_kind(kind);
  table.set_rows(rows);
  table.set_columns(columns);
  table.mutable_initializer()->set_kind(initializer);
  if (initializer == Initializer::UNIFORM) table.mutable_initializer()->set_limit(kEmbeddingLimit);
  table.mutable_initializer()->set_seed(TableSeed(job.seed(), name));
  return table;
}

}  // namespace

std::vector<std::string> LayerNames(const v1::Job& job) {
  std::vector<std::string> names;
  std::array<int, 4> seen = {};
  for (const Layer& layer : job.model()) {
    const int before = seen.at(layer.kind_case())++;
    names.push_back(before == 0 ? KindName(layer) : absl::StrCat(KindName(layer), "_", before));
  }
  return names;
}

absl::Status CheckModel(const v1::Job& job) {
  if (job.model().empty())
    return absl::InvalidArgumentError("model: there are no layers; the first one is an embedding");
  const std::vector<std::string> names = LayerNames(job);
  if (!job.model(0).has_embedding()) {
    return Refuse(names, 0, "the first layer has to be an embedding, which turns ids into vectors");
  }
  const int last = job.model_size() - 1;
  for (int i = 0; i <= last; ++i) {
    if (i > 0) {
      const absl::Status order = CheckOrder(names, i, job.model(i - 1), job.model(i));
      if (!order.ok()) return order;
    }
    const absl::Status layer = CheckLayer(names, i, i == last, job.model(i));
    if (!layer.ok()) return layer;
  }
  if (!job.model(last).has_dense() || job.model(last).dense().activation() != v1::ACTIVATION_SOFTMAX) {
    return Refuse(names, last, "the last layer has to be dense with activation: softmax, for loss: cross_entropy");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<TableSpec>> PlanTables(const v1::Job& job, const v1::DataSummary& data) {
  const absl::Status checked = CheckModel(job);
  if (!checked.ok()) return checked;
  if (data.vocabulary() == 0) return absl::InvalidArgumentError("model: the data has no ids (its vocabulary is empty)");
  if (data.classes() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("model: the data has ", data.classes(), " classes; a classifier needs 2 at least"));
  }
  const std::vector<std::string> names = LayerNames(job);
  const int last = job.model_size() - 1;
  std::vector<TableSpec> tables;
  uint32_t width = 0;  // Of what the layer before gives.
  for (int i = 0; i <= last; ++i) {
    const Layer& layer = job.model(i);
    const auto add = [&](const char* tensor, uint64_t rows, uint32_t columns, Initializer::Kind initializer) {
      tables.push_back(
          MakeTable(job, absl::StrCat(names[i], "/", tensor), TableSpec::DENSE, rows, columns, initializer));
    };
    if (layer.has_embedding()) {
      width = layer.embedding().width();
      tables.push_back(MakeTable(job, names[i], TableSpec::ROWS, data.vocabulary(), width, Initializer::UNIFORM));
    } else if (layer.has_lstm()) {
      const uint32_t units = layer.lstm().units();
      add("kernel", width, 4 * units, Initializer::GLOROT_UNIFORM);
      add("recurrent_kernel", units, 4 * units, Initializer::ORTHOGONAL);
      add("bias", 1, 4 * units, Initializer::LSTM_BIAS);
      width = units;
    } else {
      const uint32_t units = layer.dense().has_units() ? layer.dense().units() : data.classes();
      if (i == last && units != data.classes()) {
        return Refuse(names, i,
                      absl::StrCat("units: ", units, " gives probabilities of shape rows x ", units,
                                   ", but the data has labels of shape rows x ", data.classes(), " (", data.classes(),
                                   " classes); leave units out"));
      }
      add("kernel", width, units, Initializer::GLOROT_UNIFORM);
      add("bias", 1, units, Initializer::ZEROS);
      width = units;
    }
  }
  return tables;
}

}  // namespace pumasi
