#include "worker/compute_device.h"

#include "absl/strings/str_cat.h"
#include "ops/cuda/device.h"
#include "ops/cuda/model/device_model.h"
#include "ops/gemm.h"

namespace pumasi {

absl::StatusOr<ComputeDevice> ChooseDevice(v1::Device wanted) {
  const ComputeDevice processor = {std::nullopt, KernelSet(), ""};
  if (wanted == v1::DEVICE_CPU) return processor;
  constexpr int kFirst = 0;  // CUDA_VISIBLE_DEVICES says which one that is
  const auto described = cuda::DescribeDevice(kFirst);
  const auto kernel_set = described.ok() ? cuda::DeviceKernelSet(kFirst, Precision::kFloat32)
                                         : absl::StatusOr<std::string>(described.status());
  if (kernel_set.ok()) return ComputeDevice{kFirst, *kernel_set, ""};
  if (wanted == v1::DEVICE_CUDA) {
    return absl::FailedPreconditionError(
        absl::StrCat("device: cuda is wanted, but ", std::string(kernel_set.status().message())));
  }
  return ComputeDevice{std::nullopt, KernelSet(), std::string(kernel_set.status().message())};
}

}  // namespace pumasi
