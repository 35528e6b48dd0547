#include <utility>

#include "ops/cuda/model/device_model.h"
#include "worker/model/layers.h"

namespace pumasi {
namespace {

class DeviceLayers : public Layers {
 public:
  explicit DeviceLayers(std::unique_ptr<cuda::DeviceModel> model) : model_(std::move(model)) {}

  absl::StatusOr<float*> Forward(const Part& part, const Parameters& parameters, const Training* training) override {
    tables_.assign(parameters.dense.begin() + 1, parameters.dense.end());
    model_->SetTables(tables_);
    values_.resize(part.rows() * model_->outputs());
    cuda::Training on_device;
    if (training != nullptr) on_device = {training->dropout, training->share};
    absl::Status status =
        model_->Forward(RowsOf(part, parameters), training == nullptr ? nullptr : &on_device, values_.data());
    if (!status.ok()) return status;
    return values_.data();
  }

  absl::Status Backward(const Part& part, const Parameters& parameters, float* gradient,
                        const std::vector<float*>& tables) override {
    return model_->Backward(RowsOf(part, parameters), gradient, {{tables.begin() + 1, tables.end()}, tables[0]});
  }

 private:
  static cuda::PartRows RowsOf(const Part& part, const Parameters& parameters) {
    static constexpr uint32_t kNoRows = 0;
    return {.rows = static_cast<int>(part.rows()),
            .offsets = part.offsets.empty() ? &kNoRows : part.offsets.data(),
            .tokens = part.tokens.data(),
            .distinct = static_cast<int>(part.ids.size()),
            .vectors = parameters.rows};
  }

  const std::unique_ptr<cuda::DeviceModel> model_;
  std::vector<const float*> tables_;
  std::vector<float> values_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Layers>> MakeDeviceLayers(const v1::Job& job, const std::vector<LayerPlan>& plans,
                                                         int device) {
  auto model = cuda::DeviceModel::Create(job, plans, device);
  if (!model.ok()) return model.status();
  return std::make_unique<DeviceLayers>(*std::move(model));
}

}  // namespace pumasi
