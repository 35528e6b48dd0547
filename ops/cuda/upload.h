// Arrays of numbers on their way to a device, all in one copy.
#ifndef PUMASI_OPS_CUDA_UPLOAD_H_
#define PUMASI_OPS_CUDA_UPLOAD_H_

#include <cstring>
#include <vector>

#include "ops/cuda/buffer.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// Used again for each part. Not thread-safe.
class Upload {
 public:
  // Forgets what was added before.
  void Start() { values_.clear(); }
  // Where the array will stand, relative to what Send returns.
  size_t Add(const uint32_t* values, size_t count) {
    const size_t place = values_.size();
    values_.insert(values_.end(), values, values + count);
    return place;
  }
  size_t Add(const std::vector<uint32_t>& values) { return Add(values.data(), values.size()); }

  // Enqueues the copy; its place on the device, good for the stream's work up to the next Send.
  const uint32_t* Send(Stream* stream) {
    if (sent_before_) stream->WaitUntil(sent_);
    uint32_t* const pinned = pinned_.Reserve(stream, values_.size());
    uint32_t* const device = device_.Reserve(stream, values_.size());
    if (pinned == nullptr || device == nullptr) return device;
    std::memcpy(pinned, values_.data(), values_.size() * sizeof(uint32_t));
    stream->CopyToDevice(pinned, values_.size() * sizeof(uint32_t), device);
    sent_.Record(stream);
    sent_before_ = true;
    return device;
  }

 private:
  std::vector<uint32_t> values_;
  PinnedBuffer<uint32_t> pinned_;
  DeviceBuffer<uint32_t> device_;
  Event sent_;
  bool sent_before_ = false;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_UPLOAD_H_
