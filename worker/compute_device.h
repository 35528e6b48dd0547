// Where a worker computes.
#ifndef PUMASI_WORKER_COMPUTE_DEVICE_H_
#define PUMASI_WORKER_COMPUTE_DEVICE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/config.pb.h"

namespace pumasi {

struct ComputeDevice {
  std::optional<int> cuda;  // number of the CUDA device; the processor without it
  std::string kernel_set;   // what decides the bits of results there
  std::string note;         // why it is the processor, where the settings left the choice
};

// What the settings' `device` comes to on this machine. FailedPrecondition: cuda is asked for, and this build or this
// machine has none; the message says which.
absl::StatusOr<ComputeDevice> ChooseDevice(v1::Device wanted);

}  // namespace pumasi

#endif  // PUMASI_WORKER_COMPUTE_DEVICE_H_
