// A chain of layers on a device with the copies around it: parts come from the host's memory, gradients go there.
#ifndef PUMASI_OPS_CUDA_MODEL_PART_RUNNER_H_
#define PUMASI_OPS_CUDA_MODEL_PART_RUNNER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ops/cuda/buffer.h"
#include "ops/cuda/model/chain.h"
#include "ops/cuda/model/layer_spec.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// A part's rows, as in ops/sequences.h. Owns nothing.
struct PartRows {
  int rows = 0;
  const uint32_t* offsets = nullptr;  // [rows + 1]
  const uint32_t* tokens = nullptr;   // [offsets[rows]], each below `distinct`
  int distinct = 0;
  const float* vectors = nullptr;  // [distinct × width]
};

// Where a part's gradients go. Owns nothing.
struct PartGradientMemory {
  std::vector<float*> tables;  // by table, each of its size
  float* vectors = nullptr;    // [distinct × width]
};

// What cross entropy judges by; the job's.
struct CrossEntropyJudge {
  const int32_t* labels = nullptr;  // [rows]
  float scale = 1;
  float label_smoothing = 0;
  const float* class_weights = nullptr;  // [outputs], or null
};

// One stream computes, another one copies: tables travel while the first layers work, gradients while the last ones
// (in Backward the first) still do. Several runners on one device overlap as a whole. All calls return when their
// results are there; false after an error, which stays (error()). Owns working memory that is used again from part to
// part: not thread-safe. Results depend on the arguments and the device alone, not on the parts before.
class PartRunner {
 public:
  // nullptr where it fails, with the reason in *error. REQUIRES: `specs` fit each other and begin with a sequence of
  // vectors of `width`; the last one gives one vector a row.
  static std::unique_ptr<PartRunner> Open(int device, int width, const std::vector<LayerSpec>& specs,
                                          Precision precision, std::string* error);

  size_t tables() const { return table_sizes_.size(); }
  size_t table_size(size_t table) const { return table_sizes_[table]; }
  int outputs() const { return outputs_; }

  // Values to compute with from the next Forward on; host memory that stays as it is until that returns. Tables that do
  // not change between parts need not be set again.
  void SetTables(const std::vector<const float*>& tables);

  // outputs[rows × outputs()] = what the last layer gives; null: not wanted. With `training` Backward may follow.
  bool Forward(const PartRows& part, const Training* training, float* outputs);
  // After Forward in training of the same part, from the gradient by the outputs.
  bool Backward(const PartRows& part, const float* gradient, const PartGradientMemory& gradients);

  // Forward, softmax cross entropy and Backward at one go: losses[rows], predicted[rows] and the gradients of
  // scale·(sum of losses).
  bool TrainCrossEntropy(const PartRows& part, const Training& training, const CrossEntropyJudge& judge, double* losses,
                         int32_t* predicted, const PartGradientMemory& gradients);

  const std::string& error() const { return compute_->ok() ? copy_->error() : compute_->error(); }

  // For who works on the device itself: after Forward, the signal that goes in; after Backward, the gradients there.
  Stream* stream() { return compute_.get(); }
  const float* device_table_gradient(size_t table) const { return table_gradients_[table]; }

 private:
  PartRunner(int width, const std::vector<LayerSpec>& specs, Precision precision);

  bool ok() const { return compute_->ok() && copy_->ok(); }
  // Enqueues Forward; its output stays in output_.
  void Enqueue(const PartRows& part, const Training* training);
  void SendTables();
  void EnqueueBackward(const PartRows& part, float* gradient, const PartGradientMemory& gradients);
  // Waits for both streams and moves what came to pinned memory to where it belongs.
  bool Finish();
  // Enqueues a copy from the device to `host`, by way of pinned memory.
  void Fetch(Stream* stream, const void* device, size_t bytes, void* host);

  struct Fetched {
    const void* pinned;
    size_t bytes;
    void* host;
  };

  const int width_;
  const int outputs_;
  std::vector<size_t> table_sizes_;
  std::unique_ptr<Stream> compute_, copy_;
  Chain chain_;
  SequenceIndex index_;
  Signal input_, output_;

  // Tables and their gradients, one behind the other.
  DeviceBuffer<float> device_tables_, device_gradients_;
  PinnedBuffer<float> pinned_tables_;
  std::vector<float*> tables_, table_gradients_;
  std::vector<const float*> pending_tables_;  // set and not sent
  std::vector<std::unique_ptr<Event>> layer_sent_, layer_done_;

  PinnedBuffer<float> pinned_vectors_, pinned_outputs_;
  DeviceBuffer<float> device_vectors_, by_vectors_, output_gradient_;
  DeviceBuffer<int32_t> labels_, predicted_;
  PinnedBuffer<int32_t> pinned_labels_;
  DeviceBuffer<double> losses_;
  DeviceBuffer<float> class_weights_;
  Event vectors_sent_, judged_, rows_done_;
  PinnedBuffer<unsigned char> arrived_;
  size_t arrived_used_ = 0;
  std::vector<Fetched> fetched_;
  const PartGradientMemory* wanted_ = nullptr;  // while Backward is enqueued
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_PART_RUNNER_H_
