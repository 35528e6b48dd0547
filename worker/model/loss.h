// What a job makes small, as something that judges.
#ifndef PUMASI_WORKER_MODEL_LOSS_H_
#define PUMASI_WORKER_MODEL_LOSS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "proto/job.pb.h"
#include "worker/model/part.h"
#include "worker/model/part_outcome.h"

namespace pumasi {

// Not thread-safe.
class Loss {
 public:
  virtual ~Loss() = default;

  struct Verdict {
    // gradient[rows × outputs] of scale·(sum of losses) by what the last layer gave: in its place or the loss' memory.
    float* gradient = nullptr;
    // The first row whose loss is NaN or infinite; -1: none.
    int first_not_finite = -1;
  };

  // values[rows × outputs] is what the last layer gave: logits where its activation is part of the loss. It is used up.
  // Fills `outcome`; in training classes count by their weights, otherwise top_k_correct and confusions are counted.
  // REQUIRES: CheckPart accepts the part for the loss, labels and targets included.
  virtual Verdict Judge(const Part& part, float scale, bool training, float* values, PartOutcome* outcome) = 0;

  // Turns what the last layer gave into what a user asks for: probabilities, or numbers.
  virtual void Predict(int rows, float* values) const = 0;
};

// That of the job, over the last layer's `outputs`.
std::unique_ptr<Loss> MakeLoss(const v1::Job& job, int outputs);

// Whether the last layer's activation is part of the loss: that layer is then linear.
bool ActivationIsPartOf(v1::Loss loss);

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_LOSS_H_
