#include "ops/cuda/device_facts.h"

#include <cublas_v2.h>
#include <cuda_runtime.h>

namespace pumasi::cuda {
namespace {

std::string ProductsVersion() {
  int parts[3] = {};
  cublasGetProperty(MAJOR_VERSION, &parts[0]);
  cublasGetProperty(MINOR_VERSION, &parts[1]);
  cublasGetProperty(PATCH_LEVEL, &parts[2]);
  return "cublas-" + std::to_string(parts[0]) + "." + std::to_string(parts[1]) + "." + std::to_string(parts[2]);
}

}  // namespace

std::vector<DeviceFacts> FindDevices(std::string* error) {
  std::vector<DeviceFacts> devices;
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted == cudaErrorInsufficientDriver) {
    // The same error for both.
    *error = "there is no NVIDIA driver, or it is too old for CUDA " + std::to_string(CUDART_VERSION / 1000);
    return devices;
  }
  if (counted != cudaSuccess || count == 0) {
    *error = counted == cudaSuccess ? "there is no device" : cudaGetErrorString(counted);
    return devices;
  }
  for (int device = 0; device < count; ++device) {
    cudaDeviceProp properties;
    const cudaError_t read = cudaGetDeviceProperties(&properties, device);
    if (read != cudaSuccess) {
      *error = "device " + std::to_string(device) + ": " + cudaGetErrorString(read);
      return {};
    }
    devices.push_back({properties.name, properties.major, properties.minor, properties.multiProcessorCount,
                       properties.totalGlobalMem, ProductsVersion()});
  }
  return devices;
}

}  // namespace pumasi::cuda
