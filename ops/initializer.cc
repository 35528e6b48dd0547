#include "ops/initializer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ops/normal_pair.h"
#include "ops/orthogonal.h"
#include "ops/philox.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

using v1::Initializer;
using v1::TableSpec;

// Shorter side of an orthogonal matrix, squared, times the longer: about a minute of one core.
constexpr double kMaxOrthogonalWork = 3e10;

// FNV-1a, 32 bits.
uint32_t HashOfName(const std::string& name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

PUMASI_INLINE PhiloxBlock Counter(uint32_t column_word, uint64_t row, uint32_t name) {
  return {{column_word, static_cast<uint32_t>(row), static_cast<uint32_t>(row >> 32), name}};
}

// 24 random bits are what a float holds exactly, so the only rounding is the product's.
PUMASI_INLINE float UniformOf(uint32_t word, float step) {
  return static_cast<float>(static_cast<int32_t>(word >> 8) - (1 << 23)) * step;
}

// out[c] = uniform in [-limit, limit): word c % 4 of block c / 4.
PUMASI_VECTOR_CLONES void UniformRow(uint64_t seed, uint32_t name, uint64_t row, float limit, uint32_t columns,
                                     float* __restrict out) {
  const float step = limit * (1.0f / (1 << 23));
  const uint32_t whole_blocks = columns / 4;
  for (uint32_t block = 0; block < whole_blocks; ++block) {
    const PhiloxBlock words = Philox(seed, Counter(block, row, name));
    for (int i = 0; i < 4; ++i) out[block * 4 + i] = UniformOf(words.word[i], step);
  }
  if (columns % 4 != 0) {
    const PhiloxBlock words = Philox(seed, Counter(whole_blocks, row, name));
    for (uint32_t i = 0; i < columns % 4; ++i) out[whole_blocks * 4 + i] = UniformOf(words.word[i], step);
  }
}

// Word `column` % 4 of block `column` / 4, and its neighbour, make a normal number.
double NormalValue(uint64_t seed, uint32_t name, uint64_t row, uint32_t column) {
  const PhiloxBlock words = Philox(seed, Counter(column / 4, row, name));
  const NormalPair pair = NormalPairOf(words.word[column % 4 / 2 * 2], words.word[column % 4 / 2 * 2 + 1]);
  return column % 2 == 0 ? pair.first : pair.second;
}

// out[c] = deviation times a normal number.
void NormalRow(uint64_t seed, uint32_t name, uint64_t row, double deviation, uint32_t columns, float* out) {
  for (uint32_t column = 0; column < columns; column += 4) {
    const PhiloxBlock words = Philox(seed, Counter(column / 4, row, name));
    const NormalPair low = NormalPairOf(words.word[0], words.word[1]);
    const NormalPair high = NormalPairOf(words.word[2], words.word[3]);
    const double values[] = {low.first, low.second, high.first, high.second};
    for (uint32_t i = 0; i < 4 && column + i < columns; ++i) {
      out[column + i] = static_cast<float>(deviation * values[i]);
    }
  }
}

// The same numbers, those beyond two deviations drawn again, under other keys. That all draws of a value are beyond has
// a probability of 1e-43; it is 0 then.
void TruncatedNormalRow(uint64_t seed, uint32_t name, uint64_t row, double deviation, uint32_t columns, float* out) {
  constexpr uint64_t kDraws = 32, kKeyStep = 0x9E3779B97F4A7C15;
  for (uint32_t column = 0; column < columns; ++column) {
    double value = 3;
    for (uint64_t draw = 0; draw < kDraws && std::fabs(value) > 2; ++draw) {
      value = NormalValue(seed + draw * kKeyStep, name, row, column);
    }
    out[column] = std::fabs(value) > 2 ? 0.0f : static_cast<float>(deviation * value);
  }
}

// A nearly normal number (mean 0, variance 1): the sum of twelve uniform ones, after Irwin and Hall, an integer and
// exact. Its tails end at 6, which the directions of an orthogonal matrix do not show.
double NearlyNormal(uint64_t seed, uint32_t name, uint64_t row, uint32_t column) {
  uint64_t sum = 0;
  for (uint32_t block = 0; block < 3; ++block) {
    const PhiloxBlock words = Philox(seed, Counter(column * 3 + block, row, name));
    for (const uint32_t word : words.word) sum += word;
  }
  return (static_cast<double>(sum) - 6 * 4294967295.0) / 4294967296.0;
}

void OrthogonalTensor(const TableSpec& table, float* out) {
  const size_t rows = table.rows(), columns = table.columns();
  const size_t count = std::min(rows, columns), length = std::max(rows, columns);
  const uint32_t name = HashOfName(table.name());
  // Vectors are the matrix's rows where these are fewer, otherwise its columns.
  const bool transposed = rows > columns;
  std::vector<double> vectors(count * length);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      vectors[transposed ? column * length + row : row * length + column] =
          NearlyNormal(table.initializer().seed(), name, row, column);
    }
  }
  Orthonormalize(count, length, vectors.data());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      out[row * columns + column] =
          static_cast<float>(vectors[transposed ? column * length + row : row * length + column]);
    }
  }
}

}  // namespace

bool IsRowLocal(const Initializer& initializer) { return initializer.kind() != Initializer::ORTHOGONAL; }

absl::Status CheckInitializer(const TableSpec& table) {
  const Initializer& initializer = table.initializer();
  switch (initializer.kind()) {
    case Initializer::ZEROS:
    case Initializer::ONES:
    case Initializer::GLOROT_UNIFORM:
      return absl::OkStatus();
    case Initializer::UNIFORM:
    case Initializer::NORMAL:
    case Initializer::TRUNCATED_NORMAL:
      if (std::isfinite(initializer.limit()) && initializer.limit() >= 0) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat("table ", table.name(), ": the initialiser's limit is ",
                                                     initializer.limit(), "; it has to be finite and at least 0"));
    case Initializer::LSTM_BIAS:
      if (table.columns() % 4 == 0) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat("table ", table.name(), ": ", table.columns(),
                                                     " columns are no LSTM bias, which has four equal quarters"));
    case Initializer::ORTHOGONAL: {
      const double shorter = std::min<double>(table.rows(), table.columns());
      const double longer = std::max<double>(table.rows(), table.columns());
      if (shorter * shorter * longer <= kMaxOrthogonalWork) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat(
          "table ", table.name(), ": an orthogonal initial value of shape ", table.rows(), " x ", table.columns(),
          " takes too long; rows·columns·(the smaller of both) may be ", kMaxOrthogonalWork, " at most"));
    }
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("table ", table.name(), ": unknown initialiser ", static_cast<int>(initializer.kind())));
  }
}

void InitialRow(const TableSpec& table, uint64_t row, float* out) {
  const Initializer& initializer = table.initializer();
  const uint32_t columns = table.columns();
  switch (initializer.kind()) {
    case Initializer::ONES:
      std::fill_n(out, columns, 1.0f);
      return;
    case Initializer::UNIFORM:
      UniformRow(initializer.seed(), HashOfName(table.name()), row, initializer.limit(), columns, out);
      return;
    case Initializer::GLOROT_UNIFORM: {
      const double fan = static_cast<double>(table.rows()) + columns;
      UniformRow(initializer.seed(), HashOfName(table.name()), row, static_cast<float>(std::sqrt(6 / fan)), columns,
                 out);
      return;
    }
    case Initializer::NORMAL:
      NormalRow(initializer.seed(), HashOfName(table.name()), row, initializer.limit(), columns, out);
      return;
    case Initializer::TRUNCATED_NORMAL:
      TruncatedNormalRow(initializer.seed(), HashOfName(table.name()), row, initializer.limit(), columns, out);
      return;
    case Initializer::LSTM_BIAS:
      std::fill_n(out, columns, 0.0f);
      std::fill_n(out + columns / 4, columns / 4, 1.0f);
      return;
    default:
      std::fill_n(out, columns, 0.0f);
      return;
  }
}

void InitialTensor(const TableSpec& table, float* out) {
  if (table.initializer().kind() == Initializer::ORTHOGONAL) {
    OrthogonalTensor(table, out);
    return;
  }
  for (uint64_t row = 0; row < table.rows(); ++row) InitialRow(table, row, out + row * table.columns());
}

}  // namespace pumasi
