// The device's optimizers against the CPU's: the same bits, with steps that are missed.
#include "ops/cuda/optimizer_rows.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "ops/cuda/row_planner.h"
#include "ops/optimizer.h"
#include "tests/cuda/on_device.h"
#include "tests/ops/optimizer_cases.h"
#include "tests/ops/random_floats.h"

namespace pumasi::cuda {
namespace {

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

// Rows of a table on the CPU and on the device, with the step after which each stands.
struct Table {
  int width, rows;
  std::unique_ptr<Optimizer> optimizer;
  std::unique_ptr<RowPlanner> planner;
  std::vector<float> states;
  std::vector<uint64_t> last;
  Stream* stream;
  DeviceArray<float> device;

  Table(Stream* stream, const std::string& text, int width, int rows, std::mt19937_64* random)
      : width(width),
        rows(rows),
        optimizer(*MakeOptimizer(ParseOptimizer(text))),
        planner(*RowPlanner::Create(ParseOptimizer(text))),
        states(Initial(random)),
        last(rows),
        stream(stream),
        device(stream, states) {}

  size_t stride() const { return static_cast<size_t>(1 + optimizer->slots()) * width; }

  std::vector<float> Initial(std::mt19937_64* random) const {
    std::vector<float> all;
    for (int row = 0; row < rows; ++row) {
      std::vector<float> state = RandomFloats(width, 1, random);
      state.resize(stride());
      optimizer->InitSlots(width, state.data() + width);
      all.insert(all.end(), state.begin(), state.end());
    }
    return all;
  }

  void Step(uint64_t step, const std::vector<uint32_t>& touched, const std::vector<float>& gradients) {
    CatchUpTable table;
    std::vector<uint32_t> catch_up;
    for (size_t i = 0; i < touched.size(); ++i) {
      const uint32_t row = touched[i];
      float* const value = states.data() + row * stride();
      catch_up.push_back(planner->CatchUp(last[row], step - 1, &table));
      optimizer->CatchUp(last[row], step - 1, width, value, value + width);
      optimizer->Apply(step, width, gradients.data() + i * width, value, value + width);
      last[row] = step;
    }
    DeviceArray<uint32_t> device_rows(stream, touched), device_catch_up(stream, catch_up);
    DeviceArray<RowCatchUp> entries(stream, table.entries());
    DeviceArray<RowTerm> terms(stream, table.terms());
    DeviceArray<float> device_gradients(stream, gradients);
    UpdateRows(stream, planner->Rule(step), width,
               {touched.size(), device_rows.get(), device_catch_up.get(), entries.get(), terms.get()},
               device_gradients.get(), device.get());
    stream->Wait();
  }
};

TEST_CASE("Every optimizer has the CPU's bits on a device, whatever was missed") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const std::string& text : OptimizerCases()) {
    CAPTURE(text);
    std::mt19937_64 random(7);
    Table table(stream.get(), text, 5, 9, &random);
    CHECK(SlotsOf(table.planner->Rule(1).kind) == table.optimizer->slots());
    for (uint64_t step = 1; step <= 400; step += 1 + random() % 40) {
      std::vector<uint32_t> touched;
      for (uint32_t row = 0; row < 9; ++row) {
        if (random() % 3 == 0) touched.push_back(row);
      }
      table.Step(step, touched, RandomFloats(touched.size() * 5, step % 2 == 0 ? 1e-3f : 1.0f, &random));
    }
    CHECK(SameBits(table.device.Read(), table.states));
  }
}

TEST_CASE("Reading a row on a device gives the bits that the CPU gives, and leaves the row alone") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const std::string& text : OptimizerCases()) {
    CAPTURE(text);
    std::mt19937_64 random(8);
    const int width = 7, rows = 3;
    Table table(stream.get(), text, width, rows, &random);
    table.Step(3, {0, 2}, RandomFloats(2 * width, 1, &random));
    CatchUpTable catch_ups;
    std::vector<uint32_t> catch_up;
    std::vector<float> want(rows * width);
    for (int row = 0; row < rows; ++row) {
      catch_up.push_back(table.planner->CatchUp(table.last[row], 90, &catch_ups));
      const float* const state = table.states.data() + row * table.stride();
      table.optimizer->Peek(table.last[row], 90, width, state, state + width, want.data() + row * width);
    }
    DeviceArray<uint32_t> device_catch_up(stream.get(), catch_up);
    DeviceArray<RowCatchUp> entries(stream.get(), catch_ups.entries());
    DeviceArray<RowTerm> terms(stream.get(), catch_ups.terms());
    DeviceArray<float> out(stream.get(), want.size());
    PeekRows(stream.get(), table.planner->Rule(91), width,
             {static_cast<size_t>(rows), nullptr, device_catch_up.get(), entries.get(), terms.get()},
             table.device.get(), out.get());
    CHECK(SameBits(out.Read(), want));
    CHECK(SameBits(table.device.Read(), table.states));
  }
}

TEST_CASE("A gradient that is not finite spreads into its own value and no other") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const std::string& text : OptimizerCases()) {
    CAPTURE(text);
    std::mt19937_64 random(9);
    Table table(stream.get(), text, 3, 2, &random);
    table.Step(1, {1, 0}, {NAN, INFINITY, 0.5f, 0.1f, 0.2f, 0.3f});
    const std::vector<float> have = table.device.Read();
    CHECK(std::isnan(have[table.stride()]));
    for (size_t i = 0; i < have.size(); ++i) {
      CHECK(std::isfinite(have[i]) == std::isfinite(table.states[i]));
      if (std::isfinite(have[i])) CHECK(have[i] == table.states[i]);
    }
  }
}

}  // namespace
}  // namespace pumasi::cuda
