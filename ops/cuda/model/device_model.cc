#include "ops/cuda/model/device_model.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/cuda/device.h"
#include "ops/cuda/model/job_layers.h"

namespace pumasi::cuda {
namespace {

class RunnerModel : public DeviceModel {
 public:
  explicit RunnerModel(std::unique_ptr<PartRunner> runner) : runner_(std::move(runner)) {}

  int outputs() const override { return runner_->outputs(); }
  void SetTables(const std::vector<const float*>& tables) override { runner_->SetTables(tables); }

  absl::Status Forward(const PartRows& part, const Training* training, float* outputs) override {
    return StatusOf(runner_->Forward(part, training, outputs));
  }
  absl::Status Backward(const PartRows& part, const float* gradient, const PartGradientMemory& gradients) override {
    return StatusOf(runner_->Backward(part, gradient, gradients));
  }
  absl::Status TrainCrossEntropy(const PartRows& part, const Training& training, const CrossEntropyJudge& judge,
                                 double* losses, int32_t* predicted, const PartGradientMemory& gradients) override {
    return StatusOf(runner_->TrainCrossEntropy(part, training, judge, losses, predicted, gradients));
  }

 private:
  absl::Status StatusOf(bool done) const { return done ? absl::OkStatus() : DeviceError(runner_->error()); }

  const std::unique_ptr<PartRunner> runner_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceModel>> DeviceModel::Create(const v1::Job& job,
                                                                 const std::vector<LayerPlan>& plans, int device) {
  absl::StatusOr<std::vector<LayerSpec>> layers = LayersOf(job, plans);
  if (!layers.ok()) return layers.status();
  const absl::StatusOr<DeviceFacts> facts = DescribeDevice(device);
  if (!facts.ok()) return facts.status();
  const Precision precision = job.compute() == v1::COMPUTE_BF16 ? Precision::kBf16 : Precision::kFloat32;
  std::string error;
  std::unique_ptr<PartRunner> runner =
      PartRunner::Open(device, static_cast<int>(plans[0].out.width), *layers, precision, &error);
  if (runner == nullptr) return DeviceError(error);
  return std::make_unique<RunnerModel>(std::move(runner));
}

absl::StatusOr<std::string> DeviceKernelSet(int device, Precision precision) {
  const absl::StatusOr<DeviceFacts> facts = DescribeDevice(device);
  if (!facts.ok()) return facts.status();
  return absl::StrCat(facts->products, "/", facts->name, "/", precision == Precision::kBf16 ? "bf16" : "float32");
}

}  // namespace pumasi::cuda
