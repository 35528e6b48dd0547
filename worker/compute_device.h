// Where a worker computes.
#ifndef PUMASI_WORKER_COMPUTE_DEVICE_H_
#define PUMASI_WORKER_COMPUTE_DEVICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/config.pb.h"

namespace pumasi {

struct ComputeDevices {
  // As many as were asked for: numbers of CUDA devices, or so many times the processor.
  std::vector<std::optional<int>> devices;
  std::string kernel_set;  // what decides the bits of results there, the same on all of them
  std::string note;        // why it is the processor, where the settings left the choice
};

// What the settings' `device` and `devices` come to on this machine. FailedPrecondition: cuda is asked for, and this
// build or this machine has none; or the machine has one, but fewer than `count`, or they are of different kinds. The
// message says which. REQUIRES: count > 0.
absl::StatusOr<ComputeDevices> ChooseDevices(v1::Device wanted, uint32_t count);

}  // namespace pumasi

#endif  // PUMASI_WORKER_COMPUTE_DEVICE_H_
