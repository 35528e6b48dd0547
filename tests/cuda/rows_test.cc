// Gather, and sums of rows: by group, and all of them.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ops/cuda/elementwise.h"
#include "ops/cuda/embedding.h"
#include "ops/cuda/row_groups.h"
#include "tests/cuda/on_device.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi::cuda {
namespace {

TEST_CASE("Rows are gathered by index, in any width and number") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  std::mt19937_64 random(1);
  for (const int width : {1, 2, 3, 4, 8, 33, 100, 300, 1028}) {
    for (const size_t count : {0, 1, 37}) {
      CAPTURE(width, count);
      const size_t rows = 11;
      const std::vector<float> table = RandomFloats(rows * width, 1, &random);
      std::vector<uint32_t> index(count);
      for (uint32_t& row : index) row = static_cast<uint32_t>(random() % rows);
      std::vector<float> want;
      for (const uint32_t row : index) {
        want.insert(want.end(), table.begin() + row * width, table.begin() + (row + 1) * width);
      }
      DeviceArray<float> device_table(stream.get(), table), out(stream.get(), count * width);
      DeviceArray<uint32_t> device_index(stream.get(), index);
      GatherRows(stream.get(), width, device_table.get(), device_index.get(), count, out.get());
      CHECK(out.Read() == want);
    }
  }
}

TEST_CASE("Rows that start off a vector's alignment are gathered, too") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  const std::vector<float> table = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  DeviceArray<float> device_table(stream.get(), table), out(stream.get(), size_t{9});
  DeviceArray<uint32_t> index(stream.get(), std::vector<uint32_t>{1, 0});
  GatherRows(stream.get(), 4, device_table.get() + 1, index.get(), 2, out.get() + 1);
  const std::vector<float> have = out.Read();
  CHECK(std::vector<float>(have.begin() + 1, have.end()) == std::vector<float>{5, 6, 7, 8, 1, 2, 3, 4});
}

TEST_CASE("Sums by group equal plain ones, also for groups without rows and with very many") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (int seed = 0; seed < 12; ++seed) {
    std::mt19937_64 random(seed);
    const int width = static_cast<int>(1 + random() % 70);
    const size_t groups = 1 + random() % 20, count = seed == 0 ? 0 : random() % 400;
    CAPTURE(seed, width, groups, count);
    std::vector<uint32_t> order(count), index(count);
    for (size_t i = 0; i < count; ++i) {
      order[i] = static_cast<uint32_t>((i * 7 + 3) % count);
      // Half of the rows are of group 0.
      index[i] = static_cast<uint32_t>(random() % 2 == 0 ? 0 : random() % groups);
    }
    if (count % 7 == 0) std::fill(order.begin(), order.end(), 0);
    const std::vector<float> rows = RandomFloats(count * width, 1, &random);
    std::vector<double> want(groups * width);
    for (size_t p = 0; p < count; ++p) {
      for (int i = 0; i < width; ++i) want[index[order[p]] * width + i] += rows[p * width + i];
    }
    RowGroups row_groups;
    DeviceArray<float> device_rows(stream.get(), rows), out(stream.get(), groups * width);
    row_groups.Build(stream.get(), groups, count, order.data(), index.data());
    row_groups.Sum(stream.get(), width, device_rows.get(), out.get());
    const std::vector<float> first = out.Read();
    CHECK(Difference(first, want) < 1e-6);
    // The same bits again.
    row_groups.Build(stream.get(), groups, count, order.data(), index.data());
    row_groups.Sum(stream.get(), width, device_rows.get(), out.get());
    CHECK(out.Read() == first);
  }
}

TEST_CASE("A NaN in one row reaches its group's sum and no other") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  const std::vector<uint32_t> index = {0, 1, 0, 2};
  DeviceArray<float> rows(stream.get(), std::vector<float>{1, NAN, 2, INFINITY}), out(stream.get(), size_t{3});
  RowGroups groups;
  groups.Build(stream.get(), 3, 4, nullptr, index.data());
  groups.Sum(stream.get(), 1, rows.get(), out.get());
  const std::vector<float> have = out.Read();
  CHECK(have[0] == 3);
  CHECK(std::isnan(have[1]));
  CHECK(have[2] == INFINITY);
}

TEST_CASE("The sum of all rows is that of plain additions") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  std::mt19937_64 random(2);
  DeviceBuffer<float> partial;
  for (const size_t rows : {0, 1, 63, 64, 65, 1000}) {
    for (const int width : {1, 31, 257}) {
      CAPTURE(rows, width);
      const std::vector<float> values = RandomFloats(rows * width, 1, &random);
      std::vector<double> want(width);
      for (size_t i = 0; i < values.size(); ++i) want[i % width] += values[i];
      DeviceArray<float> device(stream.get(), values), out(stream.get(), static_cast<size_t>(width));
      SumRows(stream.get(), rows, width, device.get(), &partial, out.get());
      CHECK(Difference(out.Read(), want) < 1e-5);
    }
  }
}

TEST_CASE("Element-wise operations do what they say") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  std::mt19937_64 random(3);
  for (const size_t count : {0, 1, 255, 256, 1000}) {
    const std::vector<float> x = RandomFloats(count, 1, &random), y = RandomFloats(count, 1, &random);
    std::vector<float> sum(count), product(count), scaled(count);
    for (size_t i = 0; i < count; ++i) {
      sum[i] = y[i] + x[i];
      product[i] = x[i] * y[i];
      scaled[i] = 0.3f * x[i];
    }
    DeviceArray<float> dx(stream.get(), x), dy(stream.get(), y), out(stream.get(), count);
    Multiply(stream.get(), count, dx.get(), dy.get(), out.get());
    CHECK(out.Read() == product);
    Scale(stream.get(), count, 0.3f, dx.get(), out.get());
    CHECK(out.Read() == scaled);
    AddTo(stream.get(), count, dx.get(), dy.get());
    CHECK(dy.Read() == sum);
  }
  DeviceArray<float> wide(stream.get(), std::vector<float>{1, 2, 3, 4, 5, 6}), narrow(stream.get(), size_t{4});
  CopyColumns(stream.get(), 2, 2, wide.get() + 1, 3, narrow.get(), 2);
  CHECK(narrow.Read() == std::vector<float>{2, 3, 5, 6});
}

}  // namespace
}  // namespace pumasi::cuda
