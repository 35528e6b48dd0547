#include "tools/gpu_check_program/resident_trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/cuda/embedding.h"
#include "ops/cuda/softmax_cross_entropy.h"

namespace pumasi {
namespace {

cuda::RowRule Adam(uint64_t step) {
  cuda::RowRule rule;
  rule.kind = cuda::RowRuleKind::kAdam;
  rule.beta_1 = 0.9;
  rule.beta_2 = 0.999;
  rule.epsilon = 1e-8;
  rule.rate = 1e-3;
  const double t = static_cast<double>(step);
  rule.step_size = rule.rate * std::sqrt(1 - std::pow(rule.beta_2, t)) / (1 - std::pow(rule.beta_1, t));
  return rule;
}

}  // namespace

std::unique_ptr<ResidentTrainer> ResidentTrainer::Open(Workload* workload, Precision precision, std::string* error) {
  std::unique_ptr<cuda::Stream> stream = cuda::Stream::Open(0, error);
  if (stream == nullptr) return nullptr;
  std::unique_ptr<ResidentTrainer> trainer(new ResidentTrainer(std::move(stream), *workload, precision));
  const WorkloadSize& size = workload->size();
  trainer->Load(workload->Embedding(), size.vocabulary, size.width, &trainer->embedding_);
  for (const std::vector<float>& values : workload->Tables()) {
    trainer->tables_.push_back(std::make_unique<Table>());
    trainer->Load(values, 1, static_cast<int>(values.size()), trainer->tables_.back().get());
  }
  if (trainer->Wait()) return trainer;
  *error = trainer->error();
  return nullptr;
}

ResidentTrainer::ResidentTrainer(std::unique_ptr<cuda::Stream> stream, const Workload& workload, Precision precision)
    : stream_(std::move(stream)), size_(workload.size()), chain_(workload.Layers(), precision) {}

void ResidentTrainer::Load(const std::vector<float>& values, int rows, int width, Table* table) {
  table->rows = rows;
  table->width = width;
  const size_t count = static_cast<size_t>(rows) * width;
  std::vector<float> state(3 * count);
  for (int row = 0; row < rows; ++row) {
    std::copy_n(values.begin() + static_cast<size_t>(row) * width, width, state.begin() + size_t{3} * row * width);
  }
  float* const device = table->state.Reserve(stream_.get(), state.size());
  table->gradient.Reserve(stream_.get(), rows == 1 ? count : 1);
  if (device == nullptr) return;
  stream_->CopyToDevice(state.data(), state.size() * sizeof(float), device);
  stream_->Wait();
}

void ResidentTrainer::Step(const WorkPart& part) {
  cuda::Stream* const stream = stream_.get();
  const size_t distinct = part.ids.size();
  const int rows = part.rows();
  last_rows_ = rows;
  upload_.Start();
  const size_t at_ids = upload_.Add(part.ids);
  const size_t at_labels = upload_.Add(reinterpret_cast<const uint32_t*>(part.labels.data()), part.labels.size());
  // Where a row's values begin, in rows of `width`: each has its state behind it.
  std::vector<uint32_t> places(distinct);
  for (size_t i = 0; i < distinct; ++i) places[i] = 3 * part.ids[i];
  const size_t at_places = upload_.Add(places);
  const uint32_t* const sent = upload_.Send(stream);
  index_.Build(stream, rows, part.offsets.data(), part.tokens.data(), static_cast<int>(distinct));
  float* const vectors = vectors_.Reserve(stream, distinct * size_.width);
  float* const by_vectors = by_vectors_.Reserve(stream, distinct * size_.width);
  float* const by_output = by_output_.Reserve(stream, static_cast<size_t>(rows) * size_.classes);
  double* const losses = losses_.Reserve(stream, rows);
  int32_t* const predicted = predicted_.Reserve(stream, rows);
  if (!stream->ok()) return;

  cuda::GatherRows(stream, size_.width, embedding_.state.get(), sent + at_places, distinct, vectors);
  std::vector<const float*> values;
  std::vector<float*> gradients;
  for (const auto& table : tables_) {
    values.push_back(table->state.get());
    gradients.push_back(table->gradient.get());
  }
  const cuda::Training training;
  const cuda::Signal in = cuda::Signal::Sequence(&index_, size_.width, vectors);
  const cuda::Signal out = chain_.Forward(stream, in, values.data(), &training);
  stream->Copy(out.vectors, out.count() * sizeof(float), by_output);
  cuda::SoftmaxCrossEntropy(stream, rows, size_.classes, reinterpret_cast<const int32_t*>(sent + at_labels),
                            1.0f / static_cast<float>(rows), by_output, losses, predicted);
  chain_.Backward(stream, in, values.data(), by_output, gradients.data(), by_vectors);

  const cuda::RowRule rule = Adam(++steps_);
  cuda::UpdateRows(stream, rule, size_.width, {.count = distinct, .row = sent + at_ids}, by_vectors,
                   embedding_.state.get());
  for (const auto& table : tables_) {
    cuda::UpdateRows(stream, rule, table->width, {.count = 1}, table->gradient.get(), table->state.get());
  }
}

double ResidentTrainer::LastLoss() {
  std::vector<double> losses(last_rows_);
  stream_->CopyToHost(losses_.get(), losses.size() * sizeof(double), losses.data());
  if (!stream_->Wait()) return NAN;
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return sum / last_rows_;
}

}  // namespace pumasi
