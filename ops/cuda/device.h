// The CUDA devices of this machine.
#ifndef PUMASI_OPS_CUDA_DEVICE_H_
#define PUMASI_OPS_CUDA_DEVICE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ops/cuda/device_facts.h"

namespace pumasi::cuda {

// FailedPrecondition, and which of them, where this build has no CUDA, or the machine no driver or no device; NotFound
// where it has devices, but not this one. Thread-safe.
absl::StatusOr<DeviceFacts> DescribeDevice(int device);

// How many there are; 0 in a build without CUDA and on a machine without one.
int CountDevices();

// A stream's error (ops/cuda/stream.h) as a status: ResourceExhausted for the device's memory, otherwise Internal.
absl::Status DeviceError(absl::string_view error);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_DEVICE_H_
