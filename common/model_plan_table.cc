#include "common/model_plan_table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/mix_bits.h"

namespace pumasi {
namespace {

using v1::Initializer;
using v1::TableSpec;

// Keras' limit of `uniform` and standard deviation of the normal kinds.
constexpr double kPlainSpread = 0.05;
// Standard deviation of a normal number of deviation 1 that is drawn again beyond 2.
constexpr double kTruncatedDeviation = 0.87962566103423978;

Initializer WithLimit(Initializer::Kind kind, double limit) {
  Initializer initializer = InitializerOf(kind);
  initializer.set_limit(static_cast<float>(limit));
  return initializer;
}

// A well-mixed function of the job's seed and the table's name: SplitMix64's finaliser over FNV-1a.
uint64_t TableSeed(uint64_t seed, const std::string& name) {
  uint64_t hash = 14695981039346656037ull;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return MixBits(seed + kGoldenRatio + hash);
}

TableSpec* AddTable(const LayerSurroundings& around, TableSpec::Kind kind, const std::string& name, uint64_t rows,
                    uint32_t columns, const Initializer& initializer, LayerPlan* plan) {
  TableSpec& table = plan->tables.emplace_back();
  table.set_name(name);
  table.set_kind(kind);
  table.set_rows(rows);
  table.set_columns(columns);
  *table.mutable_initializer() = initializer;
  table.mutable_initializer()->set_seed(TableSeed(around.seed, name));
  return &table;
}

}  // namespace

Initializer InitializerOf(Initializer::Kind kind) {
  Initializer initializer;
  initializer.set_kind(kind);
  return initializer;
}

Initializer WeightInitializer(v1::InitializerKind kind, v1::InitializerKind fallback, uint64_t rows, uint32_t columns,
                              uint32_t reach) {
  const double inputs = std::max(1.0, static_cast<double>(rows));
  const double outputs = static_cast<double>(reach) * columns;
  const double both = std::max(1.0, static_cast<double>(rows) + outputs);
  switch (kind == v1::INITIALIZER_KIND_UNSPECIFIED ? fallback : kind) {
    case v1::INITIALIZER_KIND_ZEROS:
      return InitializerOf(Initializer::ZEROS);
    case v1::INITIALIZER_KIND_ONES:
      return InitializerOf(Initializer::ONES);
    case v1::INITIALIZER_KIND_NORMAL:
      return WithLimit(Initializer::NORMAL, kPlainSpread);
    case v1::INITIALIZER_KIND_TRUNCATED_NORMAL:
      return WithLimit(Initializer::TRUNCATED_NORMAL, kPlainSpread);
    case v1::INITIALIZER_KIND_GLOROT_UNIFORM:
      if (reach == 1) return InitializerOf(Initializer::GLOROT_UNIFORM);
      return WithLimit(Initializer::UNIFORM, std::sqrt(6 / both));
    case v1::INITIALIZER_KIND_GLOROT_NORMAL:
      return WithLimit(Initializer::TRUNCATED_NORMAL, std::sqrt(2 / both) / kTruncatedDeviation);
    case v1::INITIALIZER_KIND_HE_UNIFORM:
      return WithLimit(Initializer::UNIFORM, std::sqrt(6 / inputs));
    case v1::INITIALIZER_KIND_HE_NORMAL:
      return WithLimit(Initializer::TRUNCATED_NORMAL, std::sqrt(2 / inputs) / kTruncatedDeviation);
    case v1::INITIALIZER_KIND_LECUN_UNIFORM:
      return WithLimit(Initializer::UNIFORM, std::sqrt(3 / inputs));
    case v1::INITIALIZER_KIND_LECUN_NORMAL:
      return WithLimit(Initializer::TRUNCATED_NORMAL, std::sqrt(1 / inputs) / kTruncatedDeviation);
    case v1::INITIALIZER_KIND_ORTHOGONAL:
      return InitializerOf(Initializer::ORTHOGONAL);
    default:
      return WithLimit(Initializer::UNIFORM, kPlainSpread);
  }
}

TableSpec* AddTensor(const LayerSurroundings& around, const std::string& tensor, uint64_t rows, uint32_t columns,
                     const Initializer& initializer, LayerPlan* plan) {
  return AddTable(around, TableSpec::DENSE, absl::StrCat(plan->name, "/", tensor), rows, columns, initializer, plan);
}

void AddRows(const LayerSurroundings& around, uint64_t rows, uint32_t columns, const Initializer& initializer,
             LayerPlan* plan) {
  AddTable(around, TableSpec::ROWS, plan->name, rows, columns, initializer, plan);
}

}  // namespace pumasi
