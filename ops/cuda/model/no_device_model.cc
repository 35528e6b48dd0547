// DeviceModel of a build without CUDA.
#include "ops/cuda/device.h"
#include "ops/cuda/model/device_model.h"

namespace pumasi::cuda {

absl::StatusOr<std::unique_ptr<DeviceModel>> DeviceModel::Create(const v1::Job& job,
                                                                 const std::vector<LayerPlan>& plans, int device) {
  return DescribeDevice(device).status();
}

absl::StatusOr<std::string> DeviceKernelSet(int device, Precision precision) { return DescribeDevice(device).status(); }

}  // namespace pumasi::cuda
