#include <utility>

#include "common/model_plan.h"
#include "ops/precision.h"
#include "worker/model/chain.h"
#include "worker/model/dense_layer.h"
#include "worker/model/layers.h"
#include "worker/model/loss.h"
#include "worker/model/make_layer.h"

namespace pumasi {
namespace {

class HostLayers : public Layers {
 public:
  HostLayers(const v1::Job& job, const std::vector<LayerPlan>& plans) : width_(plans[0].out.width) {
    const Precision precision = job.compute() == v1::COMPUTE_BF16 ? Precision::kBf16 : Precision::kFloat32;
    const int last = job.model_size() - 1;
    for (int i = 1; i < last; ++i) {
      body_.Add(MakeLayer(job.model(i), plans[i], precision), plans[i].tables.size());
      body_tables_ += plans[i].tables.size();
    }
    const Activation activation =
        ActivationIsPartOf(LossOf(job)) ? Activation::kLinear : ActivationOf(job.model(last).dense().activation());
    last_ = std::make_unique<DenseLayer>(static_cast<int>(plans.back().in.width),
                                         static_cast<int>(plans.back().out.width), activation, precision);
  }

  absl::StatusOr<float*> Forward(const Part& part, const Parameters& parameters, const Training* training) override {
    embedded_ = SignalOf(part);
    embedded_.data.tokens = part.tokens.data();
    embedded_.data.distinct = static_cast<int>(part.ids.size());
    embedded_.data.width = static_cast<int>(width_);
    embedded_.data.vectors = parameters.rows;
    inner_ = body_.Forward(embedded_, TablesOf(parameters), training);
    last_->Forward(inner_, TablesOf(parameters) + body_tables_, training);
    return last_->output();
  }

  absl::Status Backward(const Part&, const Parameters& parameters, float* gradient,
                        const std::vector<float*>& tables) override {
    float* const* const by_table = tables.data() + 1;
    float* const by_inner = inner_gradient_.Reserve(static_cast<size_t>(inner_.data.distinct) * inner_.data.width);
    last_->Backward(inner_, TablesOf(parameters) + body_tables_, gradient, by_table + body_tables_, by_inner);
    body_.Backward(embedded_, TablesOf(parameters), by_inner, by_table, tables[0]);
    return absl::OkStatus();
  }

  size_t folded_width() const override { return body_.folded_width(); }

  void Fold(const Parameters& parameters, size_t count, const float* vectors, float* folded) override {
    body_.Fold(TablesOf(parameters), count, vectors, folded);
  }

  float* ForwardFolded(const Part& part, const Parameters& parameters) override {
    Signal folded = SignalOf(part);
    folded.data.tokens = parameters.folded.tokens;
    folded.data.distinct = static_cast<int>(parameters.folded.count);
    folded.data.width = static_cast<int>(folded_width());
    folded.data.vectors = parameters.folded.rows;
    last_->Forward(body_.ForwardFolded(folded, TablesOf(parameters)), TablesOf(parameters) + body_tables_, nullptr);
    return last_->output();
  }

 private:
  // Without the embedding's, which is the first one.
  static const float* const* TablesOf(const Parameters& parameters) { return parameters.dense.data() + 1; }

  static Signal SignalOf(const Part& part) {
    static constexpr uint32_t kNoRows = 0;
    return {true,
            {.rows = static_cast<int>(part.rows()), .offsets = part.offsets.empty() ? &kNoRows : part.offsets.data()}};
  }

  const size_t width_;
  Chain body_;  // between the embedding and the last layer
  size_t body_tables_ = 0;
  std::unique_ptr<DenseLayer> last_;
  Signal embedded_;               // goes into body_
  Signal inner_;                  // goes into last_
  Buffer<float> inner_gradient_;  // by inner_
};

}  // namespace

std::unique_ptr<Layers> MakeHostLayers(const v1::Job& job, const std::vector<LayerPlan>& plans) {
  return std::make_unique<HostLayers>(job, plans);
}

}  // namespace pumasi
