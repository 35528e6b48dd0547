// What the operators achieve, against what this machine can do and against oneDNN's LSTM, all in one run.
//
//   bazel run -c opt //tools/bench:ops [-- FILE.jsonl]        one core; pin it: taskset -c 0 bazel-bin/tools/bench/ops
//
// seed80m's shapes: 50 ids a row drawn Zipf(1.05) of 266,927, embedding 300, LSTM 256, 31 classes. PyTorch's nn.LSTM on
// the same shapes: tools/bench/torch_lstm.py.
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
#include "ops/precision.h"
#include "tools/bench/inference.h"
#include "tools/bench/measure.h"
#include "tools/bench/onednn_lstm.h"
#include "tools/bench/products.h"
#include "worker/input/synthetic.h"
#include "worker/model/model.h"

namespace pumasi {
namespace {

constexpr int kRepetitions = 9;
constexpr int kWords = 50, kWidth = 300, kUnits = 256;

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
  std::vector<uint32_t> tokens, labels;
  part.offsets.push_back(0);
  for (uint64_t row = 0; row < rows; ++row) {
    source->Get(row, &tokens, &labels);
    ids.insert(ids.end(), tokens.begin(), tokens.end());
    part.offsets.push_back(static_cast<uint32_t>(ids.size()));
    part.labels.push_back(static_cast<int32_t>(labels[0]));
  }
  MergeIds(ids.data(), ids.size(), &part.ids, &part.tokens);
  return part;
}

// Embedded rows and dense tables as a new job has them.
struct Values {
  std::vector<float> rows;
  std::vector<std::vector<float>> dense;
  Parameters parameters;
};

void MakeValues(const Workload& work, const Part& part, Values* values) {
  values->rows.resize(part.ids.size() * kWidth);
  for (size_t i = 0; i < part.ids.size(); ++i) {
    InitialRow(work.tables[0], part.ids[i], values->rows.data() + i * kWidth);
  }
  values->parameters.rows = values->rows.data();
  for (const v1::TableSpec& table : work.tables) {
    const bool dense = table.kind() == v1::TableSpec::DENSE;
    values->dense.emplace_back(dense ? table.rows() * table.columns() : 0);
    if (dense) InitialTensor(table, values->dense.back().data());
    values->parameters.dense.push_back(dense ? values->dense.back().data() : nullptr);
  }
}

void BenchTraining(const Workload& work, int rows, Report* report) {
  v1::Job half = work.job;
  half.set_compute(v1::COMPUTE_BF16);
  auto model = Model::Create(work.job, work.tables), half_model = Model::Create(half, work.tables);
  Check(model.status());
  Check(half_model.status());
  const Part part = MakePart(work, rows);
  Values values;
  MakeValues(work, part, &values);
  PartGradients gradients;
  PartOutcome outcome;
  const auto train = [&](Model* trained) {
    return [&, trained] { Check(trained->Train(part, values.parameters, rows, &gradients, &outcome)); };
  };
  const LstmShape shape = {rows, kWords, static_cast<int>(part.ids.size()), kWidth, kUnits};
  std::vector<std::function<void()>> turns = {train(model->get()),
                                              train(half_model->get()),
                                              BareProducts(Precision::kFloat32, shape),
                                              BareProducts(Precision::kBf16, shape),
                                              BareSgemm(shape),
                                              OneDnnLstmStep(Precision::kFloat32, rows, kWords, kWidth, kUnits)};
  // Not every machine has it.
  const auto half_primitive = OneDnnLstmStep(Precision::kBf16, rows, kWords, kWidth, kUnits);
  if (half_primitive) turns.push_back(half_primitive);
  const auto seconds = MedianSeconds(turns, kRepetitions);
  const auto rate = [&](size_t turn) { return Fixed(rows / seconds[turn], 0) + " rows/s"; };
  const std::string name = std::to_string(rows) + " rows, " + std::to_string(part.ids.size()) + " ids";
  report->Add({"training step, " + name, rate(0), rate(5) + " (oneDNN's LSTM)", Fixed(seconds[5] / seconds[0], 2),
               rate(2) + " (bare products)", Fixed(seconds[2] / seconds[0], 2)});
  report->Add(
      {"bare products, " + name, rate(2), rate(4) + " (dnnl_sgemm)", Fixed(seconds[4] / seconds[2], 2), "", ""});
  if (half_primitive) {
    report->Add({"training step, bf16, " + name, rate(1), rate(6) + " (oneDNN's LSTM, bf16)",
                 Fixed(seconds[6] / seconds[1], 2), rate(3) + " (bare products)", Fixed(seconds[3] / seconds[1], 2)});
  }
  report->Add({"training step, bf16, " + name, rate(1), rate(0) + " (ours, float32)", Fixed(seconds[0] / seconds[1], 2),
               rate(3) + " (bare products)", Fixed(seconds[3] / seconds[1], 2)});
}

void BenchServing(const Workload& work, int rows, Report* report) {
  const Part part = MakePart(work, rows);
  BenchInference({rows, part.tokens, static_cast<int>(part.ids.size())}, kWidth, kUnits, kRepetitions, report);
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
  const char usage[] = "usage: ops [FILE.jsonl]\n";
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::printf("%s", usage);
    return 0;
  }
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
    std::fprintf(stderr, "ops: takes at most the name of a file for its results\n%s", usage);
    return 2;
  }
  SetGemmThreads(1);
  const Workload work = MakeWorkload();
  std::printf("kernel sets %s and %s, medians of %d\n", KernelSet().c_str(), KernelSet(Precision::kBf16).c_str(),
              kRepetitions);
  Report report({"what", "achieved", "against", "ratio", "limit", "of limit"});
  BenchProducts(kRepetitions, &report);
  for (const int rows : {64, 32, 16}) BenchTraining(work, rows, &report);
  for (const int rows : {1, 8, 64}) BenchServing(work, rows, &report);
  BenchAdam(work, &report);
  report.Print();
  return argc < 2 || report.WriteJson(argv[1]) ? 0 : 1;
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
