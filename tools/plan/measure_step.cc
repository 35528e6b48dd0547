#include "tools/plan/measure_step.h"

#include <time.h>

#include <algorithm>
#include <functional>

#include "absl/time/time.h"
#include "common/model_plan.h"
#include "ops/gemm.h"
#include "ops/optimizer.h"
#include "worker/input/epoch_order.h"
#include "worker/job/part_builder.h"
#include "worker/model/model.h"

namespace pumasi {
namespace {

constexpr double kBudget = 0.5;  // seconds for each size
constexpr int kMostTurns = 7;
constexpr size_t kMostTokens = 16384, kMostRows = 1024;

double ProcessorSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return absl::ToDoubleSeconds(absl::DurationFromTimespec(now));
}

// Median of turns within the budget, after one that does not count; that one, if it takes all of it.
double MedianSeconds(const std::function<void()>& work) {
  std::vector<double> seconds;
  const double start = ProcessorSeconds();
  for (int turn = 0; turn <= kMostTurns && (turn < 2 || ProcessorSeconds() - start < kBudget); ++turn) {
    const double before = ProcessorSeconds();
    work();
    seconds.push_back(ProcessorSeconds() - before);
    if (turn == 0 && seconds[0] > kBudget) return seconds[0];
  }
  const auto middle = seconds.begin() + static_cast<ptrdiff_t>((seconds.size() + 1) / 2);
  std::nth_element(seconds.begin() + 1, middle, seconds.end());
  return std::max(*middle, 1e-9);
}

// Any numbers but tiny ones: what they are does not matter.
float SomeValue(size_t i) { return 0.02f * (static_cast<float>(i % 7) - 3.1f); }

struct Values {
  std::vector<std::vector<float>> dense;
  std::vector<float> rows;
  Parameters parameters;
};

void MakeValues(const std::vector<v1::TableSpec>& tables, size_t ids, Values* values) {
  for (const v1::TableSpec& table : tables) {
    const bool dense = table.kind() == v1::TableSpec::DENSE;
    std::vector<float>& floats = dense ? values->dense.emplace_back() : values->rows;
    floats.resize((dense ? table.rows() : ids) * table.columns());
    for (size_t i = 0; i < floats.size(); ++i) floats[i] = SomeValue(i);
    if (!dense) values->dense.emplace_back();
  }
  for (const auto& dense : values->dense) values->parameters.dense.push_back(dense.empty() ? nullptr : dense.data());
  values->parameters.rows = values->rows.data();
}

}  // namespace

absl::StatusOr<std::vector<std::pair<double, double>>> MeasureStep(const v1::Job& job, const v1::DataSummary& data,
                                                                   const RowSource& rows) {
  auto tables = PlanTables(job, data);
  if (!tables.ok()) return tables.status();
  auto model = Model::Create(job, *tables);
  if (!model.ok()) return model.status();
  SetGemmThreads(1);
  std::vector<std::pair<double, double>> measured;
  const EpochOrder order = EpochOrderOf(job, rows.rows());
  size_t tokens_before = 0;
  for (uint64_t size = 1; size <= std::min<uint64_t>({job.batch(), rows.rows(), kMostRows}); size *= 4) {
    PartBuilder builder(RowShape::Of(job));
    std::vector<uint32_t> tokens, labels;
    for (uint64_t i = 0; i < size; ++i) {
      rows.Get(order.Row(0, i), &tokens, &labels);
      builder.Add(tokens, labels);
    }
    const Part part = builder.Take();
    if (tokens_before > 0 && part.tokens.size() > kMostTokens) break;
    tokens_before = part.tokens.size();
    Values values;
    MakeValues(*tables, part.ids.size(), &values);
    PartGradients gradients;
    PartOutcome outcome;
    absl::Status status;
    const double seconds = MedianSeconds([&] {
      outcome = {};
      if (status.ok()) status = (*model)->Train(part, values.parameters, job.batch(), &gradients, &outcome);
    });
    if (!status.ok()) return status;
    measured.emplace_back(static_cast<double>(size), seconds);
  }
  return measured;
}

absl::StatusOr<double> MeasureApply(const v1::Job& job) {
  auto made = MakeOptimizer(job.optimizer());
  if (!made.ok()) return made.status();
  const Optimizer& optimizer = **made;
  constexpr size_t kFloats = size_t{1} << 19;
  const int width = static_cast<int>(std::min<size_t>(job.model(0).embedding().width(), kFloats));
  const size_t row = static_cast<size_t>(width) * (1 + static_cast<size_t>(optimizer.slots()));
  const size_t rows = kFloats / static_cast<size_t>(width);
  std::vector<float> state(rows * row), gradient(static_cast<size_t>(width));
  for (size_t i = 0; i < gradient.size(); ++i) gradient[i] = SomeValue(i) / 20;
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < static_cast<size_t>(width); ++j) state[i * row + j] = SomeValue(j);
    optimizer.InitSlots(width, &state[i * row] + width);
  }
  uint64_t step = 1;
  const double seconds = MedianSeconds([&] {
    for (size_t i = 0; i < rows; ++i) {
      float* const value = &state[i * row];
      optimizer.CatchUp(step - 1, step, width, value, value + width);
      optimizer.Apply(step + 1, width, gradient.data(), value, value + width);
    }
    step += 2;
  });
  return seconds / static_cast<double>(rows * static_cast<size_t>(width));
}

}  // namespace pumasi
