#include "ops/cuda/model/part_runner.h"

#include <cstring>
#include <numeric>
#include <utility>

#include "ops/cuda/softmax_cross_entropy.h"

namespace pumasi::cuda {
namespace {

// Arrays in pinned memory begin at whole cache lines.
size_t Aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

std::vector<size_t> SizesOf(const std::vector<LayerSpec>& specs) {
  std::vector<size_t> sizes;
  for (const LayerSpec& spec : specs) {
    const std::vector<size_t> own = spec.TableSizes();
    sizes.insert(sizes.end(), own.begin(), own.end());
  }
  return sizes;
}

}  // namespace

std::unique_ptr<PartRunner> PartRunner::Open(int device, int width, const std::vector<LayerSpec>& specs,
                                             Precision precision, std::string* error) {
  std::unique_ptr<PartRunner> runner(new PartRunner(width, specs, precision));
  runner->compute_ = Stream::Open(device, error);
  if (runner->compute_ == nullptr) return nullptr;
  runner->copy_ = Stream::Open(device, error);
  if (runner->copy_ == nullptr) return nullptr;

  Stream* const stream = runner->compute_.get();
  const size_t all = std::accumulate(runner->table_sizes_.begin(), runner->table_sizes_.end(), size_t{0});
  float* table = runner->device_tables_.Reserve(stream, all);
  float* gradient = runner->device_gradients_.Reserve(stream, all);
  runner->pinned_tables_.Reserve(stream, all);
  if (!stream->ok()) {
    *error = stream->error();
    return nullptr;
  }
  for (const size_t size : runner->table_sizes_) {
    runner->tables_.push_back(table);
    runner->table_gradients_.push_back(gradient);
    table += size;
    gradient += size;
  }
  return runner;
}

PartRunner::PartRunner(int width, const std::vector<LayerSpec>& specs, Precision precision)
    : width_(width), outputs_(specs.back().units), table_sizes_(SizesOf(specs)), chain_(specs, precision) {
  for (size_t i = 0; i < chain_.layers(); ++i) {
    layer_sent_.push_back(std::make_unique<Event>());
    layer_done_.push_back(std::make_unique<Event>());
  }
  chain_.WatchLayers([this](size_t layer) { compute_->WaitFor(*layer_sent_[layer]); },
                     [this](size_t layer) {
                       // The layer's gradients travel while those of the layers before it are made.
                       layer_done_[layer]->Record(compute_.get());
                       copy_->WaitFor(*layer_done_[layer]);
                       for (size_t t = chain_.first_table(layer); t < chain_.first_table(layer + 1); ++t) {
                         Fetch(copy_.get(), table_gradients_[t], table_sizes_[t] * sizeof(float), wanted_->tables[t]);
                       }
                     });
}

void PartRunner::SetTables(const std::vector<const float*>& tables) { pending_tables_ = tables; }

void PartRunner::SendTables() {
  if (pending_tables_.empty()) return;
  float* pinned = pinned_tables_.get();
  for (size_t layer = 0; layer < chain_.layers(); ++layer) {
    for (size_t t = chain_.first_table(layer); t < chain_.first_table(layer + 1); ++t) {
      std::memcpy(pinned, pending_tables_[t], table_sizes_[t] * sizeof(float));
      copy_->CopyToDevice(pinned, table_sizes_[t] * sizeof(float), tables_[t]);
      pinned += table_sizes_[t];
    }
    layer_sent_[layer]->Record(copy_.get());
  }
  pending_tables_.clear();
}

void PartRunner::Enqueue(const PartRows& part, const Training* training) {
  const size_t count = static_cast<size_t>(part.distinct) * width_;
  float* const pinned = pinned_vectors_.Reserve(copy_.get(), count);
  float* const vectors = device_vectors_.Reserve(compute_.get(), count);
  if (!ok()) return;
  if (count > 0) std::memcpy(pinned, part.vectors, count * sizeof(float));
  copy_->CopyToDevice(pinned, count * sizeof(float), vectors);
  vectors_sent_.Record(copy_.get());
  SendTables();
  index_.Build(compute_.get(), part.rows, part.offsets, part.tokens, part.distinct);
  compute_->WaitFor(vectors_sent_);
  input_ = Signal::Sequence(&index_, width_, vectors);
  output_ = chain_.Forward(compute_.get(), input_, tables_.data(), training);
}

void PartRunner::Fetch(Stream* stream, const void* device, size_t bytes, void* host) {
  if (bytes == 0) return;
  unsigned char* const pinned = arrived_.get() + arrived_used_;
  arrived_used_ += Aligned(bytes);
  stream->CopyToHost(device, bytes, pinned);
  fetched_.push_back({pinned, bytes, host});
}

bool PartRunner::Finish() {
  const bool computed = compute_->Wait(), copied = copy_->Wait();
  if (computed && copied) {
    for (const Fetched& array : fetched_) std::memcpy(array.host, array.pinned, array.bytes);
  }
  fetched_.clear();
  arrived_used_ = 0;
  return computed && copied;
}

bool PartRunner::Forward(const PartRows& part, const Training* training, float* outputs) {
  Enqueue(part, training);
  const size_t bytes = static_cast<size_t>(part.rows) * outputs_ * sizeof(float);
  arrived_.Reserve(copy_.get(), Aligned(bytes));
  if (!ok()) return Finish();
  if (outputs != nullptr) Fetch(compute_.get(), output_.vectors, bytes, outputs);
  return Finish();
}

void PartRunner::EnqueueBackward(const PartRows& part, float* gradient, const PartGradientMemory& gradients) {
  wanted_ = &gradients;
  float* const by_vectors = by_vectors_.Reserve(compute_.get(), input_.count());
  chain_.Backward(compute_.get(), input_, tables_.data(), gradient, table_gradients_.data(), by_vectors);
  rows_done_.Record(compute_.get());
  copy_->WaitFor(rows_done_);
  Fetch(copy_.get(), by_vectors, input_.count() * sizeof(float), gradients.vectors);
  wanted_ = nullptr;
}

bool PartRunner::Backward(const PartRows& part, const float* gradient, const PartGradientMemory& gradients) {
  const size_t count = static_cast<size_t>(part.rows) * outputs_;
  const size_t tables = std::accumulate(table_sizes_.begin(), table_sizes_.end(), size_t{0}) + 16 * table_sizes_.size();
  arrived_.Reserve(copy_.get(), Aligned((tables + input_.count()) * sizeof(float)) + 64);
  float* const pinned = pinned_outputs_.Reserve(compute_.get(), count);
  float* const by_output = output_gradient_.Reserve(compute_.get(), count);
  if (!ok()) return Finish();
  if (count > 0) std::memcpy(pinned, gradient, count * sizeof(float));
  compute_->CopyToDevice(pinned, count * sizeof(float), by_output);
  EnqueueBackward(part, by_output, gradients);
  return Finish();
}

bool PartRunner::TrainCrossEntropy(const PartRows& part, const Training& training, const CrossEntropyJudge& judge,
                                   double* losses, int32_t* predicted, const PartGradientMemory& gradients) {
  const size_t rows = part.rows, count = rows * outputs_;
  const size_t tables = std::accumulate(table_sizes_.begin(), table_sizes_.end(), size_t{0}) + 16 * table_sizes_.size();
  const size_t vectors = static_cast<size_t>(part.distinct) * width_;
  arrived_.Reserve(copy_.get(), Aligned((tables + vectors) * sizeof(float) + rows * 16) + 256);
  int32_t* const pinned_labels = pinned_labels_.Reserve(compute_.get(), rows);
  int32_t* const device_labels = labels_.Reserve(compute_.get(), rows);
  int32_t* const device_predicted = predicted_.Reserve(compute_.get(), rows);
  double* const device_losses = losses_.Reserve(compute_.get(), rows);
  float* const by_output = output_gradient_.Reserve(compute_.get(), count);
  if (!ok()) return Finish();
  if (rows > 0) std::memcpy(pinned_labels, judge.labels, rows * sizeof(int32_t));
  compute_->CopyToDevice(pinned_labels, rows * sizeof(int32_t), device_labels);
  float* weights = nullptr;
  if (judge.class_weights != nullptr) {
    weights = class_weights_.Reserve(compute_.get(), outputs_);
    compute_->CopyToDevice(judge.class_weights, outputs_ * sizeof(float), weights);
  }
  Enqueue(part, &training);
  if (!ok()) return Finish();
  compute_->Copy(output_.vectors, count * sizeof(float), by_output);
  SoftmaxCrossEntropy(compute_.get(), part.rows, outputs_, device_labels, judge.scale, by_output, device_losses,
                      device_predicted, {judge.label_smoothing, weights});
  judged_.Record(compute_.get());
  copy_->WaitFor(judged_);
  Fetch(copy_.get(), device_losses, rows * sizeof(double), losses);
  Fetch(copy_.get(), device_predicted, rows * sizeof(int32_t), predicted);
  EnqueueBackward(part, by_output, gradients);
  return Finish();
}

}  // namespace pumasi::cuda
