#include "worker/model/loss.h"

#include "common/model_plan.h"
#include "ops/buffer.h"
#include "ops/label_sets.h"
#include "ops/math.h"
#include "ops/sigmoid_cross_entropy.h"
#include "ops/softmax_cross_entropy.h"
#include "ops/squared_error.h"
#include "ops/top_k.h"

namespace pumasi {
namespace {

// Of the job's schema.
constexpr uint32_t kTopK = 5;

void Reset(PartOutcome* outcome) {
  outcome->loss = 0;
  outcome->correct = outcome->top_k_correct = 0;
  outcome->predicted.clear();
  outcome->confusions.clear();
}

class CrossEntropyLoss : public Loss {
 public:
  CrossEntropyLoss(const v1::Job& job, int classes)
      : classes_(classes),
        label_smoothing_(static_cast<float>(job.label_smoothing())),
        class_weights_(job.class_weights().begin(), job.class_weights().end()),
        top_k_(job.has_top_k() ? job.top_k() : kTopK) {}

  Verdict Judge(const Part& part, float scale, bool training, float* values, PartOutcome* outcome) override {
    const int rows = static_cast<int>(part.rows());
    Reset(outcome);
    outcome->predicted.resize(rows);
    if (!training && top_k_ < static_cast<uint32_t>(classes_)) {
      outcome->top_k_correct = CountTopK(rows, classes_, part.labels.data(), top_k_, values);
    }
    const bool weighted = training && !class_weights_.empty();
    const ClassificationLoss loss =
        SoftmaxCrossEntropy(rows, classes_, part.labels.data(), scale, values, outcome->predicted.data(),
                            {label_smoothing_, weighted ? class_weights_.data() : nullptr});
    outcome->loss = loss.loss;
    outcome->correct = loss.correct;
    for (int row = 0; !training && row < rows; ++row)
      ++outcome->confusions[{part.labels[row], outcome->predicted[row]}];
    return {values, loss.first_not_finite};
  }

  void Predict(int rows, float* values) const override { Softmax(rows, classes_, values); }

 private:
  const int classes_;
  const float label_smoothing_;
  const std::vector<float> class_weights_;  // [classes]; empty: all 1
  const uint32_t top_k_;
};

class BinaryCrossEntropyLoss : public Loss {
 public:
  BinaryCrossEntropyLoss(const v1::Job& job, int classes)
      : classes_(classes), label_smoothing_(static_cast<float>(job.label_smoothing())) {}

  Verdict Judge(const Part& part, float scale, bool training, float* values, PartOutcome* outcome) override {
    const int rows = static_cast<int>(part.rows());
    const LabelSets sets = {part.label_offsets.data(), part.labels.data()};
    Reset(outcome);
    outcome->correct = JudgeLabelSets(rows, classes_, sets, values, training ? nullptr : &outcome->confusions);
    const LossSum loss = SigmoidCrossEntropy(rows, classes_, sets, label_smoothing_, scale, values);
    outcome->loss = loss.loss;
    return {values, loss.first_not_finite};
  }

  void Predict(int rows, float* values) const override {
    SigmoidOf(static_cast<size_t>(rows) * classes_, values, values);
  }

 private:
  const int classes_;
  const float label_smoothing_;
};

class SquaredErrorLoss : public Loss {
 public:
  explicit SquaredErrorLoss(int outputs) : outputs_(outputs) {}

  Verdict Judge(const Part& part, float scale, bool training, float* values, PartOutcome* outcome) override {
    const int rows = static_cast<int>(part.rows());
    // Not in the place of the values: the last layer needs them for its activation's gradient.
    float* const gradient = gradient_.Reserve(part.targets.size());
    Reset(outcome);
    const LossSum loss = SquaredError(rows, outputs_, part.targets.data(), scale, values, gradient);
    outcome->loss = loss.loss;
    return {gradient, loss.first_not_finite};
  }

  void Predict(int rows, float* values) const override {}

 private:
  const int outputs_;
  Buffer<float> gradient_;
};

}  // namespace

std::unique_ptr<Loss> MakeLoss(const v1::Job& job, int outputs) {
  switch (LossOf(job)) {
    case v1::LOSS_BINARY_CROSS_ENTROPY:
      return std::make_unique<BinaryCrossEntropyLoss>(job, outputs);
    case v1::LOSS_MSE:
      return std::make_unique<SquaredErrorLoss>(outputs);
    default:
      return std::make_unique<CrossEntropyLoss>(job, outputs);
  }
}

bool ActivationIsPartOf(v1::Loss loss) { return loss != v1::LOSS_MSE; }

}  // namespace pumasi
