// What the operators achieve, against what this machine can do and against oneDNN's LSTM, all in one run.
//
//   bazel run -c opt //tools/bench:ops [-- FILE.jsonl]        one core; pin it: taskset -c 0 bazel-bin/tools/bench/ops
//
// seed80m's shapes: 50 ids a row drawn Zipf(1.05) of 266,927, embedding 300, LSTM 256, 31 classes.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "common/field_rules.h"
#include "common/model_plan.h"
#include "common/yaml_message.h"
#include "ops/embedding.h"
#include "ops/gemm.h"
#include "ops/initializer.h"
#include "ops/optimizer.h"
#include "tools/bench/measure.h"
#include "tools/bench/onednn_lstm.h"
#include "worker/input/synthetic.h"
#include "worker/model/model.h"

namespace pumasi {
namespace {

constexpr int kRepetitions = 9;
constexpr int kWords = 50, kWidth = 300, kUnits = 256, kGates = 4 * kUnits;

const char kJob[] = R"yaml(
name: seed80m
data: {synthetic: {rows: 100000, words: 50, vocabulary: 266927, classes: 31, zipf: 1.05}}
model: [{embedding: {width: 300}}, {lstm: {units: 256}}, {dense: {activation: softmax}}]
optimizer: {adam: {}}
)yaml";

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::exit(1);
}

struct Workload {
  v1::Job job;
  std::vector<v1::TableSpec> tables;
};

Workload MakeWorkload() {
  Workload work;
  Check(ParseYamlMessage(kJob, "seed80m", &work.job));
  Check(CompleteMessage(&work.job));
  v1::DataSummary data;
  data.set_train_rows(100000);
  data.set_vocabulary(266927);
  data.set_classes(31);
  auto tables = PlanTables(work.job, data);
  Check(tables.status());
  work.tables = *std::move(tables);
  return work;
}

Part MakePart(const Workload& work, uint64_t rows) {
  auto sources = SyntheticRows::Make(work.job.data().synthetic(), 1);
  Check(sources.status());
  const RowSource* source = sources->train.get();
  Part part;
  std::vector<uint64_t> ids;
  std::vector<uint32_t> tokens;
  part.offsets.push_back(0);
  for (uint64_t row = 0; row < rows; ++row) {
    uint32_t label = 0;
    source->Get(row, &tokens, &label);
    ids.insert(ids.end(), tokens.begin(), tokens.end());
    part.offsets.push_back(static_cast<uint32_t>(ids.size()));
    part.labels.push_back(static_cast<int32_t>(label));
  }
  MergeIds(ids.data(), ids.size(), &part.ids, &part.tokens);
  return part;
}

// The products of the step that nothing built on them can beat: after merging ids, weights transposed beforehand.
std::function<void()> BareProducts(int rows, int distinct) {
  struct Shape {
    Transpose transpose;
    int m, n, k, times;
  };
  const std::vector<Shape> shapes = {
      {Transpose::kNo, distinct, kGates, kWidth, 1},  {Transpose::kNo, rows, kGates, kUnits, kWords},
      {Transpose::kNo, rows, kUnits, kGates, kWords}, {Transpose::kYes, kUnits, kGates, rows * kWords, 1},
      {Transpose::kYes, kWidth, kGates, distinct, 1}, {Transpose::kNo, distinct, kWidth, kGates, 1}};
  return [shapes] {
    static std::vector<float> a(4 << 20, 0.1f), b(4 << 20, 0.1f), c(4 << 20);
    for (const Shape& s : shapes) {
      for (int i = 0; i < s.times; ++i) {
        Gemm(s.transpose, Transpose::kNo, s.m, s.n, s.k, a.data(), s.transpose == Transpose::kNo ? s.k : s.m, b.data(),
             s.n, 0, c.data(), s.n);
      }
    }
  };
}

void BenchLstm(const Workload& work, Report* report) {
  auto model = Model::Create(work.job, work.tables);
  Check(model.status());
  Parameters parameters;
  std::vector<std::vector<float>> dense(work.tables.size());
  for (size_t table = 0; table < work.tables.size(); ++table) {
    if (work.tables[table].kind() == v1::TableSpec::ROWS) {
      parameters.dense.push_back(nullptr);
      continue;
    }
    dense[table].resize(work.tables[table].rows() * work.tables[table].columns());
    InitialTensor(work.tables[table], dense[table].data());
    parameters.dense.push_back(dense[table].data());
  }
  for (const int rows : {64, 32, 16}) {
    const Part part = MakePart(work, rows);
    std::vector<float> values(part.ids.size() * kWidth);
    for (size_t i = 0; i < part.ids.size(); ++i) InitialRow(work.tables[0], part.ids[i], values.data() + i * kWidth);
    parameters.rows = values.data();
    PartGradients gradients;
    PartOutcome outcome;
    const auto seconds = MedianSeconds(
        {[&] { Check((*model)->Train(part, parameters, rows, &gradients, &outcome)); },
         OneDnnLstmStep(rows, kWords, kWidth, kUnits), BareProducts(rows, static_cast<int>(part.ids.size()))},
        kRepetitions);
    report->Add({"training step, " + std::to_string(rows) + " rows, " + std::to_string(part.ids.size()) + " ids",
                 Fixed(rows / seconds[0], 0) + " rows/s", Fixed(rows / seconds[1], 0) + " rows/s (oneDNN's LSTM)",
                 Fixed(seconds[1] / seconds[0], 2), Fixed(rows / seconds[2], 0) + " rows/s (bare products)",
                 Fixed(seconds[2] / seconds[0], 2)});
  }
}

void BenchAdam(const Workload& work, Report* report) {
  auto optimizer = MakeOptimizer(work.job.optimizer());
  Check(optimizer.status());
  constexpr size_t kTouched = 1563, kFloats = kTouched * kWidth;
  std::vector<float> state(kFloats * 3), gradient(kFloats, 1e-3f), copy(kFloats * 3);
  std::mt19937 random(1);
  for (float& x : state) x = std::uniform_real_distribution<float>(0.01f, 0.1f)(random);
  // A row's bytes: value and two slots read and written, the gradient read.
  const double bytes = double(kFloats) * (3 * 2 + 1) * sizeof(float);
  uint64_t step = 1000;
  const auto update = [&](uint64_t missed) {
    ++step;
    for (size_t row = 0; row < kTouched; ++row) {
      float* value = state.data() + row * 3 * kWidth;
      if (missed > 0) (*optimizer)->CatchUp(step - 1 - missed, step - 1, kWidth, value, value + kWidth);
      (*optimizer)->Apply(step, kWidth, gradient.data() + row * kWidth, value, value + kWidth);
    }
  };
  constexpr size_t kCopied = size_t{32} << 20;
  static std::vector<char> from(kCopied, 1), to(kCopied);
  // Dense Adam over a tenth of the table, from memory: the whole table takes ten times as long.
  constexpr size_t kTenth = 26693;
  static std::vector<float> table(kTenth * 3 * kWidth, 0.05f), zeros(kWidth);
  const auto seconds =
      MedianSeconds({[&] { update(0); }, [&] { update(50); }, [&] { std::memcpy(to.data(), from.data(), kCopied); },
                     [&] {
                       for (size_t row = 0; row < kTenth; ++row) {
                         float* value = table.data() + row * 3 * kWidth;
                         (*optimizer)->Apply(step, kWidth, zeros.data(), value, value + kWidth);
                       }
                     }},
                    kRepetitions);
  const double memcpy_rate = 2 * double(kCopied) / seconds[2];
  report->Add({"Adam, 1,563 rows, none missed", Fixed(bytes / seconds[0] / 1e9, 1) + " GB/s",
               Fixed(memcpy_rate / 1e9, 1) + " GB/s (memcpy, read + write)", Fixed(bytes / seconds[0] / memcpy_rate, 2),
               "", ""});
  report->Add({"Adam, 1,563 rows, 50 steps missed", Fixed(bytes / seconds[1] / 1e9, 1) + " GB/s",
               Fixed(memcpy_rate / 1e9, 1) + " GB/s (memcpy, read + write)", Fixed(bytes / seconds[1] / memcpy_rate, 2),
               "", ""});
  report->Add({"exact Adam of seed80m's table, a step", Fixed(1e3 * seconds[1], 2) + " ms",
               Fixed(1e4 * seconds[3], 0) + " ms (dense Adam)", Fixed(10 * seconds[3] / seconds[1], 0), "", ""});
}

int Main(int argc, char** argv) {
  SetGemmThreads(1);
  const Workload work = MakeWorkload();
  std::printf("kernel set %s, medians of %d\n", KernelSet().c_str(), kRepetitions);
  Report report({"what", "achieved", "against", "ratio", "limit", "of limit"});
  BenchLstm(work, &report);
  BenchAdam(work, &report);
  report.Print();
  return argc < 2 || report.WriteJson(argv[1]) ? 0 : 1;
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
