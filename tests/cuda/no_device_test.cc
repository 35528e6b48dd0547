// What a worker is told where there is no device to compute on.
#include <catch2/catch.hpp>
#include <string>

#include "common/model_plan.h"
#include "ops/cuda/device.h"
#include "ops/cuda/model/device_model.h"

namespace pumasi::cuda {
namespace {

TEST_CASE("Without a device a model is refused, with the reason") {
  if (CountDevices() > 0) return;
  v1::Job job;
  job.add_model()->mutable_embedding()->set_width(3);
  job.add_model()->mutable_lstm()->set_units(4);
  job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
  v1::DataSummary data;
  data.set_vocabulary(10);
  data.set_classes(2);
  const auto plans = PlanLayers(job, data);
  REQUIRE(plans.ok());
  const absl::Status refused = DeviceModel::Create(job, *plans, 0).status();
  CHECK(refused.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(refused.message()).find("no CUDA device can be used: ") == 0);
  CHECK(DescribeDevice(0).status() == refused);
  CHECK(DeviceKernelSet(0, Precision::kFloat32).status() == refused);
}

TEST_CASE("A device's errors are statuses that say what is short") {
  CHECK(DeviceError("cudaMalloc of 5 bytes: out of memory").code() == absl::StatusCode::kResourceExhausted);
  CHECK(DeviceError("an illegal memory access").code() == absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace pumasi::cuda
