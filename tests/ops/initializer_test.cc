#include "ops/initializer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <vector>

namespace pumasi {
namespace {

using v1::Initializer;

v1::TableSpec Table(Initializer::Kind kind, uint64_t rows, uint32_t columns) {
  v1::TableSpec table;
  table.set_name("layer/tensor");
  table.set_rows(rows);
  table.set_columns(columns);
  table.mutable_initializer()->set_kind(kind);
  table.mutable_initializer()->set_limit(0.05f);
  table.mutable_initializer()->set_seed(42);
  return table;
}

std::vector<float> Tensor(const v1::TableSpec& table) {
  std::vector<float> values(table.rows() * table.columns());
  InitialTensor(table, values.data());
  return values;
}

std::vector<float> Row(const v1::TableSpec& table, uint64_t row) {
  std::vector<float> values(table.columns());
  InitialRow(table, row, values.data());
  return values;
}

TEST_CASE("A tensor is made of the rows that are made one by one") {
  for (const auto kind : {Initializer::ZEROS, Initializer::ONES, Initializer::UNIFORM, Initializer::GLOROT_UNIFORM,
                          Initializer::LSTM_BIAS, Initializer::NORMAL, Initializer::TRUNCATED_NORMAL}) {
    const v1::TableSpec table = Table(kind, 7, 12);
    CAPTURE(kind);
    REQUIRE(IsRowLocal(table.initializer()));
    const std::vector<float> tensor = Tensor(table);
    for (uint64_t row = 0; row < 7; ++row) {
      CHECK(Row(table, row) == std::vector<float>(tensor.begin() + row * 12, tensor.begin() + (row + 1) * 12));
    }
  }
}

TEST_CASE("A narrow row is the beginning of a wider one, at every remainder of four") {
  for (const auto kind : {Initializer::UNIFORM, Initializer::NORMAL, Initializer::TRUNCATED_NORMAL}) {
    const std::vector<float> wide = Row(Table(kind, 10, 64), 3);
    for (uint32_t columns = 1; columns < 64; ++columns) {
      const std::vector<float> narrow = Row(Table(kind, 10, columns), 3);
      CHECK(std::equal(narrow.begin(), narrow.end(), wide.begin()));
    }
  }
}

TEST_CASE("Uniform values fill [-limit, limit) evenly") {
  const v1::TableSpec table = Table(Initializer::UNIFORM, 1000, 100);
  const std::vector<float> values = Tensor(table);
  double sum = 0, squares = 0;
  for (const float value : values) {
    REQUIRE(value >= -0.05f);
    REQUIRE(value < 0.05f);
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  CHECK(std::fabs(sum / values.size()) < 0.05 / 100);
  CHECK(squares / values.size() == Approx(0.05 * 0.05 / 3).epsilon(0.01));
}

// Mean, standard deviation and fourth standardised moment.
struct Moments {
  double mean = 0, deviation = 0, kurtosis = 0;
};

Moments MomentsOf(const std::vector<float>& values) {
  Moments m;
  const double count = static_cast<double>(values.size());
  for (const float value : values) m.mean += value / count;
  double squares = 0, fourths = 0;
  for (const float value : values) {
    const double square = (value - m.mean) * (value - m.mean);
    squares += square / count;
    fourths += square * square / count;
  }
  m.deviation = std::sqrt(squares);
  m.kurtosis = fourths / (squares * squares);
  return m;
}

// Share of the values within so many `limit`s.
double ShareWithin(const std::vector<float>& values, double limit) {
  return static_cast<double>(
             std::count_if(values.begin(), values.end(), [&](float value) { return std::fabs(value) <= limit; })) /
         static_cast<double>(values.size());
}

TEST_CASE("Normal values have a normal distribution's moments and shares") {
  const std::vector<float> values = Tensor(Table(Initializer::NORMAL, 1000, 403));
  const Moments m = MomentsOf(values);
  CHECK(std::fabs(m.mean) < 3e-4);
  CHECK(m.deviation == Approx(0.05).epsilon(0.005));
  CHECK(m.kurtosis == Approx(3).epsilon(0.02));
  CHECK(ShareWithin(values, 0.05) == Approx(0.682689).margin(0.003));
  CHECK(ShareWithin(values, 0.1) == Approx(0.954500).margin(0.0015));
  CHECK(ShareWithin(values, 0.15) == Approx(0.997300).margin(0.0004));
  CHECK(ShareWithin(values, 0.05 * 6.8) == 1);
}

TEST_CASE("Truncated normal values are normal ones that were drawn again beyond two deviations") {
  const std::vector<float> values = Tensor(Table(Initializer::TRUNCATED_NORMAL, 1000, 403));
  const std::vector<float> normal = Tensor(Table(Initializer::NORMAL, 1000, 403));
  const Moments m = MomentsOf(values);
  CHECK(ShareWithin(values, 0.1000001) == 1);
  CHECK(std::fabs(m.mean) < 3e-4);
  // What Keras divides by so that he_normal and the like have the deviation of their name.
  CHECK(m.deviation == Approx(0.05 * 0.87962566103423978).epsilon(0.005));
  CHECK(ShareWithin(values, 0.05) == Approx(0.682689 / 0.954500).margin(0.003));
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::fabs(normal[i]) < 0.0999999f) REQUIRE(values[i] == normal[i]);
  }
  CHECK(std::count(values.begin(), values.end(), 0.0f) == 0);
}

TEST_CASE("Neighbours among normal values are independent") {
  const std::vector<float> values = Tensor(Table(Initializer::NORMAL, 500, 400));
  for (const size_t distance : {1, 2, 3, 4, 400}) {
    CAPTURE(distance);
    double product = 0;
    for (size_t i = distance; i < values.size(); ++i) product += double(values[i]) * values[i - distance];
    CHECK(std::fabs(product / static_cast<double>(values.size())) < 0.01 * 0.05 * 0.05);
  }
}

TEST_CASE("First values are the same bits everywhere, and from one version to the next") {
  // FNV-1a over the bits. The rows stand alone, far out in a table that nobody could fill.
  const auto hash = [](Initializer::Kind kind) {
    uint64_t result = 14695981039346656037ull;
    for (const float value : Row(Table(kind, uint64_t{1} << 40, 103), (uint64_t{1} << 35) + 7)) {
      result = (result ^ __builtin_bit_cast(uint32_t, value)) * 1099511628211ull;
    }
    return result;
  };
  CHECK(hash(Initializer::UNIFORM) == 0x27C79570F6717E66);
  CHECK(hash(Initializer::NORMAL) == 0xE00313B3AE834253);
  CHECK(hash(Initializer::TRUNCATED_NORMAL) == 0xC24B6FA82F0E6327);
}

TEST_CASE("The limit of glorot_uniform is sqrt(6 / (rows + columns))") {
  const std::vector<float> values = Tensor(Table(Initializer::GLOROT_UNIFORM, 90, 60));
  const float greatest = *std::max_element(values.begin(), values.end());
  CHECK(greatest < 0.2f);
  CHECK(greatest > 0.199f);
}

TEST_CASE("Another seed, table or row gives other values") {
  v1::TableSpec table = Table(Initializer::UNIFORM, uint64_t{1} << 40, 4);
  std::set<std::vector<float>> seen = {Row(table, 5), Row(table, 6), Row(table, 5 + (uint64_t{1} << 32))};
  table.set_name("layer/other");
  seen.insert(Row(table, 5));
  table.mutable_initializer()->set_seed(43);
  seen.insert(Row(table, 5));
  CHECK(seen.size() == 5);
}

TEST_CASE("An LSTM's bias has ones for the forget gate") {
  CHECK(Row(Table(Initializer::LSTM_BIAS, 1, 8), 0) == std::vector<float>{0, 0, 1, 1, 0, 0, 0, 0});
}

TEST_CASE("An orthogonal tensor has orthonormal rows or columns, whichever are fewer") {
  for (const auto& [rows, columns] : {std::pair{16, 64}, {64, 16}, {33, 33}, {1, 5}, {5, 1}, {1, 1}, {40, 41}}) {
    CAPTURE(rows, columns);
    const std::vector<float> values = Tensor(Table(Initializer::ORTHOGONAL, rows, columns));
    const int count = std::min(rows, columns), length = std::max(rows, columns);
    const auto at = [&, columns = columns, rows = rows](int vector, int i) -> double {
      return rows <= columns ? values[vector * columns + i] : values[i * columns + vector];
    };
    for (int a = 0; a < count; ++a) {
      for (int b = 0; b <= a; ++b) {
        double dot = 0;
        for (int i = 0; i < length; ++i) dot += at(a, i) * at(b, i);
        CHECK(std::fabs(dot - (a == b)) < 1e-6);
      }
    }
  }
}

TEST_CASE("What can't be filled is refused by the table's name") {
  CHECK(CheckInitializer(Table(Initializer::UNIFORM, 3, 3)).ok());
  CHECK(CheckInitializer(Table(Initializer::ORTHOGONAL, 1024, 4096)).ok());
  v1::TableSpec table = Table(Initializer::UNIFORM, 3, 3);
  table.mutable_initializer()->set_limit(NAN);
  CHECK(CheckInitializer(table).message().find("layer/tensor") != absl::string_view::npos);
  for (const auto kind : {Initializer::NORMAL, Initializer::TRUNCATED_NORMAL}) {
    table.mutable_initializer()->set_kind(kind);
    CHECK_FALSE(CheckInitializer(table).ok());
    CHECK(CheckInitializer(Table(kind, 3, 3)).ok());
  }
  CHECK_FALSE(CheckInitializer(Table(Initializer::KIND_UNSPECIFIED, 3, 3)).ok());
  CHECK_FALSE(CheckInitializer(Table(Initializer::LSTM_BIAS, 1, 6)).ok());
  CHECK_FALSE(CheckInitializer(Table(Initializer::ORTHOGONAL, 65536, 262144)).ok());
}

}  // namespace
}  // namespace pumasi
