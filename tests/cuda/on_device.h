// What tests of device code share. Built without CUDA they run the kernels in the emulation; with it, on device 0.
#ifndef PUMASI_TESTS_CUDA_ON_DEVICE_H_
#define PUMASI_TESTS_CUDA_ON_DEVICE_H_

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ops/cuda/buffer.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// nullptr, and a line that says so, where there is no device: the test has nothing to do.
inline std::unique_ptr<Stream> StreamForTest() {
  std::string error;
  std::unique_ptr<Stream> stream = Stream::Open(0, &error);
  if (stream == nullptr) std::printf("skipped, no device: %s\n", error.c_str());
  return stream;
}

// An array on the device. Starts as NaNs where no values are given.
template <typename T>
class DeviceArray {
 public:
  DeviceArray(Stream* stream, const std::vector<T>& values) : stream_(stream), count_(values.size()) {
    buffer_.Reserve(stream, count_ + 1);
    stream->CopyToDevice(values.data(), count_ * sizeof(T), get());
    stream->Wait();
  }
  DeviceArray(Stream* stream, size_t count) : DeviceArray(stream, Unset(count)) {}

  T* get() const { return buffer_.get(); }
  // After the stream's work.
  std::vector<T> Read() const {
    std::vector<T> values(count_);
    stream_->CopyToHost(get(), count_ * sizeof(T), values.data());
    stream_->Wait();
    return values;
  }

 private:
  static std::vector<T> Unset(size_t count) {
    std::vector<T> values(count);
    unsigned char* const bytes = reinterpret_cast<unsigned char*>(values.data());
    for (size_t i = 0; i < count * sizeof(T); ++i) bytes[i] = 0xff;
    return values;
  }

  Stream* const stream_;
  const size_t count_;
  DeviceBuffer<T> buffer_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_TESTS_CUDA_ON_DEVICE_H_
