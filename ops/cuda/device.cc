#include "ops/cuda/device.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pumasi::cuda {

absl::StatusOr<DeviceFacts> DescribeDevice(int device) {
  std::string error;
  std::vector<DeviceFacts> devices = FindDevices(&error);
  if (devices.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("no CUDA device can be used: ", error));
  }
  if (device < 0 || device >= static_cast<int>(devices.size())) {
    return absl::NotFoundError(
        absl::StrCat("there is no CUDA device ", device, "; this machine has ", devices.size(), ", counted from 0"));
  }
  return devices[device];
}

int CountDevices() {
  std::string error;
  return static_cast<int>(FindDevices(&error).size());
}

absl::Status DeviceError(absl::string_view error) {
  const std::string text = absl::StrCat("CUDA: ", error);
  if (absl::StrContains(error, "out of memory")) return absl::ResourceExhaustedError(text);
  return absl::InternalError(text);
}

}  // namespace pumasi::cuda
