#include "tools/plan/measure_step.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>

#include "common/model_plan.h"
#include "ops/gemm.h"
#include "ops/optimizer.h"
#include "tools/plan/turns.h"
#include "worker/input/epoch_order.h"
#include "worker/job/part_builder.h"
#include "worker/model/model.h"

namespace pumasi {
namespace {

constexpr double kBudget = 0.5;  // seconds for each size
constexpr int kMostTurns = 50;
constexpr size_t kMostTokens = 16384, kMostRows = 1024;
// More threads than these would take long to prepare, and say little more.
constexpr int kMostThreads = 8;
constexpr double kBusyBudget = 0.25;
// Of a table that the optimizer changes: 50 MB with Adam's state, as large as no cache, since rows come from all over
// one.
constexpr size_t kFloats = size_t{1} << 22;

// Lower quartile of turns within the budget, after one that does not count; that one, if it takes all of it. Not the
// median: other work on the machine, which takes the caches, makes turns longer and never shorter.
double QuartileSeconds(const std::function<void()>& work) {
  std::vector<double> seconds;
  const double start = ThreadSeconds();
  for (int turn = 0; turn <= kMostTurns && (turn < 2 || ThreadSeconds() - start < kBudget); ++turn) {
    const double before = ThreadSeconds();
    work();
    seconds.push_back(ThreadSeconds() - before);
    if (turn == 0 && seconds[0] > kBudget) return seconds[0];
  }
  return std::max(QuartileOf({seconds.begin() + 1, seconds.end()}), 1e-9);
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

// The job's model, and a few parts of the first rows in the order of training, each with values of its own: as in a
// job, where none are in the caches that the part before has used. Not thread-safe.
class SomeParts {
 public:
  // Of `size` rows each. Errors of Model::Create.
  static absl::StatusOr<std::unique_ptr<SomeParts>> Make(const v1::Job& job, const std::vector<v1::TableSpec>& tables,
                                                         const RowSource& rows, uint64_t size) {
    auto model = Model::Create(job, tables);
    if (!model.ok()) return model.status();
    auto some = std::make_unique<SomeParts>();
    some->model_ = *std::move(model);
    some->batch_ = job.batch();
    const EpochOrder order = EpochOrderOf(job, rows.rows());
    std::vector<uint32_t> tokens, labels;
    uint64_t row = 0;
    for (One& one : some->parts_) {
      PartBuilder builder(RowShape::Of(job));
      for (uint64_t i = 0; i < size; ++i) {
        rows.Get(order.Row(0, row++ % rows.rows()), &tokens, &labels);
        builder.Add(tokens, labels);
      }
      one.part = builder.Take();
      MakeValues(tables, one.part.ids.size(), &one.values);
    }
    return some;
  }

  // Of one part.
  size_t tokens() const { return parts_[0].part.tokens.size(); }
  // The next one.
  absl::Status Train() {
    const One& one = parts_[turn_++ % parts_.size()];
    // Memory for a gradient is got anew for each, as in worker/job/unit.cc.
    PartGradients gradients;
    PartOutcome outcome;
    return model_->Train(one.part, one.values.parameters, batch_, &gradients, &outcome);
  }

 private:
  struct One {
    Part part;
    Values values;
  };
  std::unique_ptr<Model> model_;
  uint64_t batch_ = 1;
  std::array<One, 3> parts_;
  size_t turn_ = 0;
};

uint64_t MostRows(const v1::Job& job, const RowSource& rows) {
  return std::min<uint64_t>({job.batch(), rows.rows(), kMostRows});
}

}  // namespace

absl::StatusOr<std::vector<std::pair<double, double>>> MeasureStep(const v1::Job& job, const v1::DataSummary& data,
                                                                   const RowSource& rows) {
  auto tables = PlanTables(job, data);
  if (!tables.ok()) return tables.status();
  SetGemmThreads(1);
  std::vector<std::pair<double, double>> measured;
  size_t tokens_before = 0;
  for (uint64_t size = 1; size <= MostRows(job, rows); size *= 4) {
    auto parts = SomeParts::Make(job, *tables, rows, size);
    if (!parts.ok()) return parts.status();
    if (tokens_before > 0 && (*parts)->tokens() > kMostTokens) break;
    tokens_before = (*parts)->tokens();
    absl::Status status;
    const double seconds = QuartileSeconds([&] {
      if (status.ok()) status = (*parts)->Train();
    });
    if (!status.ok()) return status;
    measured.emplace_back(static_cast<double>(size), seconds);
  }
  return measured;
}

absl::StatusOr<double> MeasureBusyStep(const v1::Job& job, const v1::DataSummary& data, const RowSource& rows,
                                       int threads) {
  auto tables = PlanTables(job, data);
  if (!tables.ok()) return tables.status();
  SetGemmThreads(1);
  const uint64_t size = std::clamp<uint64_t>(job.batch() / job.micro_batches(), 1, MostRows(job, rows));
  // Errors once, and not in every thread.
  auto parts = SomeParts::Make(job, *tables, rows, size);
  if (!parts.ok()) return parts.status();
  if (absl::Status status = (*parts)->Train(); !status.ok()) return status;
  return BusyFactor(std::min(threads, kMostThreads), kBusyBudget, [&]() -> Turn {
    std::shared_ptr<SomeParts> own = *SomeParts::Make(job, *tables, rows, size);
    return [own] { own->Train().IgnoreError(); };
  });
}

absl::StatusOr<double> MeasureApply(const v1::Job& job) {
  auto made = MakeOptimizer(job.optimizer());
  if (!made.ok()) return made.status();
  const Optimizer& optimizer = **made;
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
  const double seconds = QuartileSeconds([&] {
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
