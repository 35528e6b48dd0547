// What lies between a model's embedding and its loss, on whichever device it is computed.
#ifndef PUMASI_WORKER_MODEL_LAYERS_H_
#define PUMASI_WORKER_MODEL_LAYERS_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model_plan_layer.h"
#include "proto/job.pb.h"
#include "worker/model/layer.h"
#include "worker/model/parameters.h"
#include "worker/model/part.h"

namespace pumasi {

// Owns working memory: not thread-safe. Errors are those of a device; the layers are of no more use then.
class Layers {
 public:
  virtual ~Layers() = default;

  // values[rows × outputs]: what the last layer gives, logits where its activation is part of the loss; the layers'
  // memory, which the caller may change. With `training` Backward may follow; null: inference.
  virtual absl::StatusOr<float*> Forward(const Part& part, const Parameters& parameters, const Training* training) = 0;

  // After Forward in training of the same part with the same parameters, from gradient[rows × outputs] by its values,
  // which is used up. `tables`: where the gradient of each table goes, its embedding's being that of the part's rows.
  virtual absl::Status Backward(const Part& part, const Parameters& parameters, float* gradient,
                                const std::vector<float*>& tables) = 0;

  // Inference with the input's product of the first layer behind the embedding, bias included, worked out beforehand:
  // it depends on a row alone. 0 where the first layer has none that could be (only an lstm in one direction has).
  virtual size_t folded_width() const { return 0; }
  // folded[count × folded_width()] of vectors[count × width of the embedding].
  virtual void Fold(const Parameters& parameters, size_t count, const float* vectors, float* folded) {}
  // As Forward for inference, of a part whose parameters hold folded rows.
  virtual float* ForwardFolded(const Part& part, const Parameters& parameters) { return nullptr; }
};

// On the processor. `plans` are PlanLayers' for the job.
std::unique_ptr<Layers> MakeHostLayers(const v1::Job& job, const std::vector<LayerPlan>& plans);

// On CUDA device `device`. FailedPrecondition: there is none, or this build has no CUDA.
absl::StatusOr<std::unique_ptr<Layers>> MakeDeviceLayers(const v1::Job& job, const std::vector<LayerPlan>& plans,
                                                         int device);

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_LAYERS_H_
