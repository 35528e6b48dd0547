#include "tools/gpu_check_program/benchmark.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "ops/cuda/embedding.h"
#include "ops/cuda/lstm.h"
#include "ops/cuda/optimizer_rows.h"
#include "ops/cuda/product.h"
#include "ops/cuda/row_groups.h"
#include "tools/gpu_check_program/resident_trainer.h"
#include "tools/gpu_check_program/workload.h"

namespace pumasi {
namespace {

using cuda::DeviceBuffer;
using cuda::Stream;

// How often each number is measured.
int repetitions = 7;

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double WallSeconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Median over repetitions of `times` runs by the device's clock, a run; the first repetition warms up.
double DeviceSeconds(Stream* stream, int times, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int repetition = 0; repetition <= repetitions; ++repetition) {
    cuda::Event begin(true), end(true);
    begin.Record(stream);
    for (int i = 0; i < times; ++i) work();
    end.Record(stream);
    if (!stream->Wait()) return NAN;
    if (repetition > 0) seconds.push_back(end.SecondsSince(begin) / times);
  }
  return Median(seconds);
}

void PrintBandwidth(const char* name, double bytes, double seconds, double copy) {
  const double achieved = bytes / seconds;
  std::printf("  %-44s %9.1f us %8.0f GB/s  %4.2f of a copy\n", name, seconds * 1e6, achieved * 1e-9, achieved / copy);
}

void Bandwidths(Stream* stream, bool small, Workload* workload) {
  const WorkloadSize& size = workload->size();
  const size_t width = size.width, bytes = small ? 1 << 16 : 256 << 20;
  DeviceBuffer<char> from, to;
  from.Reserve(stream, bytes);
  to.Reserve(stream, bytes);
  stream->Clear(from.get(), bytes);
  const double seconds = DeviceSeconds(stream, 5, [&] { stream->Copy(from.get(), bytes, to.get()); });
  const double copy = 2.0 * bytes / seconds;
  std::printf("  %-44s %9.1f us %8.0f GB/s\n", "copy on the device, read and written", seconds * 1e6, copy * 1e-9);

  const WorkPart part = workload->Part(small ? 8 : 512);
  const size_t tokens = part.tokens.size(), distinct = part.ids.size();
  DeviceBuffer<float> table, rows, gradients, sums;
  DeviceBuffer<uint32_t> ids;
  table.Reserve(stream, 3 * width * size.vocabulary);
  rows.Reserve(stream, tokens * width);
  gradients.Reserve(stream, tokens * width);
  sums.Reserve(stream, distinct * width);
  ids.Reserve(stream, tokens);
  stream->Clear(table.get(), 3 * width * size.vocabulary * sizeof(float));
  stream->Clear(gradients.get(), tokens * width * sizeof(float));
  std::vector<uint32_t> token_ids;
  for (const uint32_t token : part.tokens) token_ids.push_back(part.ids[token]);
  stream->CopyToDevice(token_ids.data(), tokens * sizeof(uint32_t), ids.get());
  PrintBandwidth(
      "gather of a batch of 512, a row a token", 2.0 * tokens * width * sizeof(float),
      DeviceSeconds(stream, 5,
                    [&] { cuda::GatherRows(stream, size.width, table.get(), ids.get(), tokens, rows.get()); }),
      copy);
  cuda::RowGroups groups;
  groups.Build(stream, distinct, tokens, nullptr, part.tokens.data());
  PrintBandwidth("merge of its row gradients", (tokens + distinct) * width * sizeof(float),
                 DeviceSeconds(stream, 5, [&] { groups.Sum(stream, size.width, gradients.get(), sums.get()); }), copy);
  cuda::RowRule adam;
  adam.kind = cuda::RowRuleKind::kAdam;
  adam.beta_1 = 0.9;
  adam.beta_2 = 0.999;
  adam.epsilon = 1e-8;
  adam.step_size = 1e-3;
  stream->CopyToDevice(part.ids.data(), distinct * sizeof(uint32_t), ids.get());
  stream->Clear(sums.get(), distinct * width * sizeof(float));
  PrintBandwidth("Adam on its distinct rows", 7.0 * distinct * width * sizeof(float),
                 DeviceSeconds(stream, 5,
                               [&] {
                                 cuda::UpdateRows(stream, adam, size.width, {.count = distinct, .row = ids.get()},
                                                  sums.get(), table.get());
                               }),
                 copy);
}

void Products(Stream* stream, bool small) {
  struct Shape {
    int m, n, k;
  };
  for (const Shape& shape : {Shape{64, 1024, 256}, Shape{512, 1024, 256}, Shape{1560, 1024, 300},
                             Shape{256, 1024, 3200}, Shape{4096, 4096, 4096}}) {
    if (small && shape.m > 64) break;
    const auto [m, n, k] = shape;
    DeviceBuffer<float> a, b, c;
    a.Reserve(stream, size_t{1} * m * k);
    b.Reserve(stream, size_t{1} * k * n);
    c.Reserve(stream, size_t{1} * m * n);
    stream->Clear(a.get(), size_t{4} * m * k);
    stream->Clear(b.get(), size_t{4} * k * n);
    std::printf("  %4d x %4d x %4d", m, n, k);
    for (const Precision precision : {Precision::kFloat32, Precision::kBf16}) {
      const double seconds = DeviceSeconds(stream, 10, [&] {
        cuda::Product(stream, precision, cuda::Transposed::kNo, cuda::Transposed::kNo, m, n, k, a.get(), k, b.get(), n,
                      0, c.get(), n);
      });
      std::printf("   %s %8.1f us %8.1f TFLOP/s", precision == Precision::kBf16 ? "bf16" : "float32", seconds * 1e6,
                  2e-12 * m * n * k / seconds);
    }
    std::printf("\n");
  }
}

// The LSTM's steps alone, forward and backward with all gradients.
void LstmSteps(Stream* stream, Workload* workload, int rows) {
  const WorkloadSize& size = workload->size();
  const WorkPart part = workload->Part(rows);
  const size_t width = size.width, units = size.units, distinct = part.ids.size();
  DeviceBuffer<float> vectors, kernel, recurrent, bias, out, by_vectors, by_kernel, by_recurrent, by_bias;
  for (const auto& [buffer, count] : {std::pair(&vectors, distinct * width),
                                      {&kernel, width * 4 * units},
                                      {&recurrent, units * 4 * units},
                                      {&bias, 4 * units},
                                      {&out, rows * units},
                                      {&by_vectors, distinct * width},
                                      {&by_kernel, width * 4 * units},
                                      {&by_recurrent, units * 4 * units},
                                      {&by_bias, 4 * units}}) {
    buffer->Reserve(stream, count);
    stream->Clear(buffer->get(), count * sizeof(float));
  }
  cuda::SequenceIndex index;
  index.Build(stream, rows, part.offsets.data(), part.tokens.data(), static_cast<int>(distinct));
  const RecurrentWeights weights = {kernel.get(), recurrent.get(), bias.get()};
  for (const Precision precision : {Precision::kFloat32, Precision::kBf16}) {
    cuda::Lstm lstm(size.width, size.units, precision);
    const double forward =
        DeviceSeconds(stream, 5, [&] { lstm.Forward(stream, index, vectors.get(), weights, out.get()); });
    const double both = DeviceSeconds(stream, 5, [&] {
      lstm.Forward(stream, index, vectors.get(), weights, out.get());
      lstm.Backward(stream, index, vectors.get(), weights, out.get(),
                    {by_kernel.get(), by_recurrent.get(), by_bias.get(), by_vectors.get()});
    });
    std::printf(
        "  LSTM alone, batch %3d, %-44s forward %8.1f us  with backward %8.1f us\n", rows,
        precision == Precision::kBf16 ? "bf16, one kernel for all steps" : "float32, a graph of products and cells",
        forward * 1e6, both * 1e6);
  }
}

void ResidentSteps(const WorkloadSize& size, Precision precision, int rows, int steps) {
  std::string error;
  Workload workload(size, 3);
  const std::unique_ptr<ResidentTrainer> trainer = ResidentTrainer::Open(&workload, precision, &error);
  if (trainer == nullptr) {
    std::printf("  %s\n", error.c_str());
    return;
  }
  std::vector<WorkPart> parts;
  for (int i = 0; i < 8; ++i) parts.push_back(workload.Part(rows));
  const auto run = [&] {
    for (int step = 0; step < steps; ++step) trainer->Step(parts[step % parts.size()]);
    trainer->Wait();
  };
  run();
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i) seconds.push_back(WallSeconds(run) / steps);
  const double step = Median(seconds);
  std::printf("  %-48s batch %3d  %-7s %9.1f us a step %10.0f rows/s%s\n", "all on the device, with Adam", rows,
              precision == Precision::kBf16 ? "bf16" : "float32", step * 1e6, rows / step,
              trainer->error().empty() ? "" : trainer->error().c_str());
}

void CarriedSteps(const WorkloadSize& size, Precision precision, int rows, int steps) {
  std::string error;
  Workload workload(size, 3);
  const auto runner = cuda::PartRunner::Open(0, size.width, workload.Layers(), precision, &error);
  if (runner == nullptr) {
    std::printf("  %s\n", error.c_str());
    return;
  }
  const std::vector<std::vector<float>> tables = workload.Tables();
  const std::vector<float> embedding = workload.Embedding();
  std::vector<const float*> values;
  std::vector<std::vector<float>> gradients;
  cuda::PartGradientMemory memory;
  for (const std::vector<float>& table : tables) {
    values.push_back(table.data());
    memory.tables.push_back(gradients.emplace_back(table.size()).data());
  }
  const WorkPart part = workload.Part(rows);
  std::vector<float> vectors;
  for (const uint32_t id : part.ids) {
    const auto begin = embedding.begin() + static_cast<size_t>(id) * size.width;
    vectors.insert(vectors.end(), begin, begin + size.width);
  }
  std::vector<float> by_vectors(vectors.size());
  memory.vectors = by_vectors.data();
  std::vector<double> losses(rows);
  std::vector<int32_t> predicted(rows);
  const cuda::PartRows part_rows = {rows, part.offsets.data(), part.tokens.data(), static_cast<int>(part.ids.size()),
                                    vectors.data()};
  const cuda::CrossEntropyJudge judge = {.labels = part.labels.data(), .scale = 1.0f / static_cast<float>(rows)};
  const auto run = [&] {
    for (int step = 0; step < steps; ++step) {
      runner->SetTables(values);
      runner->TrainCrossEntropy(part_rows, {}, judge, losses.data(), predicted.data(), memory);
    }
  };
  run();
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i) seconds.push_back(WallSeconds(run) / steps);
  const double step = Median(seconds);
  std::printf("  %-48s batch %3d  %-7s %9.1f us a step %10.0f rows/s%s\n",
              "tables and rows from the host, gradients back", rows, precision == Precision::kBf16 ? "bf16" : "float32",
              step * 1e6, rows / step, runner->error().c_str());
}

}  // namespace

void Benchmark(bool small) {
  repetitions = small ? 1 : 7;
  std::string error;
  const std::unique_ptr<Stream> stream = Stream::Open(0, &error);
  if (stream == nullptr) {
    std::printf("  %s\n", error.c_str());
    return;
  }
  const WorkloadSize size =
      small ? WorkloadSize{.vocabulary = 500, .width = 12, .units = 64, .words = 3} : WorkloadSize{};
  Workload workload(size, 2);
  std::printf("Bandwidth (medians of %d)\n", repetitions);
  Bandwidths(stream.get(), small, &workload);
  std::printf("Products\n");
  Products(stream.get(), small);
  std::printf("seed80m: %d x %d embedding, LSTM %d, %d classes, %d tokens a row\n", size.vocabulary, size.width,
              size.units, size.classes, size.words);
  for (const int rows : {small ? 4 : 64, small ? 5 : 512}) {
    LstmSteps(stream.get(), &workload, rows);
    for (const Precision precision : {Precision::kFloat32, Precision::kBf16}) {
      ResidentSteps(size, precision, rows, small ? 2 : 40);
      CarriedSteps(size, precision, rows, small ? 2 : 20);
    }
  }
  if (!stream->ok()) std::printf("  FAIL %s\n", stream->error().c_str());
}

}  // namespace pumasi
