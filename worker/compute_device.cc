#include "worker/compute_device.h"

#include "absl/strings/str_cat.h"
#include "ops/cuda/device.h"
#include "ops/cuda/model/device_model.h"
#include "ops/gemm.h"

namespace pumasi {

absl::StatusOr<ComputeDevices> ChooseDevices(v1::Device wanted, uint32_t count) {
  const ComputeDevices processor = {std::vector<std::optional<int>>(count), KernelSet(), ""};
  if (wanted == v1::DEVICE_CPU) return processor;
  ComputeDevices chosen;
  for (int device = 0; device < static_cast<int>(count); ++device) {  // CUDA_VISIBLE_DEVICES says which ones they are
    const auto described = cuda::DescribeDevice(device);
    const auto kernel_set = described.ok() ? cuda::DeviceKernelSet(device, Precision::kFloat32)
                                           : absl::StatusOr<std::string>(described.status());
    if (!kernel_set.ok()) {
      const std::string why(kernel_set.status().message());
      if (device == 0 && wanted != v1::DEVICE_CUDA) return ComputeDevices{processor.devices, processor.kernel_set, why};
      return absl::FailedPreconditionError(device == 0 ? absl::StrCat("device: cuda is wanted, but ", why)
                                                       : absl::StrCat("devices: ", count, " are wanted, but ", why,
                                                                      "; set devices to ", device, " at most"));
    }
    if (device > 0 && *kernel_set != chosen.kernel_set) {
      return absl::FailedPreconditionError(absl::StrCat(
          "devices: ", count, " are wanted, but device 0 computes with ", chosen.kernel_set, " and device ", device,
          " with ", *kernel_set, ", which gives other bits; start a worker for each kind, with CUDA_VISIBLE_DEVICES"));
    }
    chosen.kernel_set = *kernel_set;
    chosen.devices.push_back(device);
  }
  return chosen;
}

}  // namespace pumasi
