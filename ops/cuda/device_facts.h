// What devices there are, without any error type: for programs that have nothing but the toolkit.
#ifndef PUMASI_OPS_CUDA_DEVICE_FACTS_H_
#define PUMASI_OPS_CUDA_DEVICE_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace pumasi::cuda {

struct DeviceFacts {
  std::string name;
  int major = 0, minor = 0;  // compute capability
  int processors = 0;        // streaming multiprocessors
  uint64_t memory = 0;       // bytes
  std::string products;      // the library of matrix products and its version, "cublas-13.1.0"
};

// All devices, without taking memory on them. Empty where there is none, with the reason in *error: no driver, a driver
// that is too old, no device.
std::vector<DeviceFacts> FindDevices(std::string* error);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_DEVICE_FACTS_H_
