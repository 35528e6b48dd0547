#include "tools/gpu_check_program/training.h"

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ops/dense_reference.h"
#include "ops/lstm_reference.h"
#include "ops/softmax_cross_entropy_reference.h"
#include "tools/gpu_check_program/resident_trainer.h"
#include "tools/gpu_check_program/workload.h"

namespace pumasi {
namespace {

constexpr int kSteps = 60, kRows = 16;
constexpr WorkloadSize kSize = {.vocabulary = 200, .width = 12, .units = 16, .classes = 5, .words = 6};

// Adam in double, state and all.
class PlainAdam {
 public:
  explicit PlainAdam(size_t count) : m_(count), v_(count) {}

  void Apply(uint64_t step, size_t i, double g, double* value) {
    m_[i] = 0.9 * m_[i] + 0.1 * g;
    v_[i] = 0.999 * v_[i] + 0.001 * g * g;
    const double t = static_cast<double>(step);
    const double size = 1e-3 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
    *value -= size * m_[i] / (std::sqrt(v_[i]) + 1e-8);
  }

 private:
  std::vector<double> m_, v_;
};

// What ResidentTrainer does, from plain formulas in double.
class PlainTrainer {
 public:
  explicit PlainTrainer(Workload* workload) {
    embedding_ = Widen(workload->Embedding());
    for (const std::vector<float>& table : workload->Tables()) tables_.push_back(Widen(table));
    adams_.emplace_back(embedding_.size());
    for (const std::vector<double>& table : tables_) adams_.emplace_back(table.size());
  }

  // The mean loss of the part's rows before the step.
  double Step(const WorkPart& part) {
    const size_t width = kSize.width, units = kSize.units, classes = kSize.classes, rows = part.labels.size();
    reference::Rows tokens(rows);
    for (size_t row = 0; row < rows; ++row) {
      tokens[row].assign(part.tokens.begin() + part.offsets[row], part.tokens.begin() + part.offsets[row + 1]);
    }
    std::vector<double> vectors;
    for (const uint32_t id : part.ids) {
      vectors.insert(vectors.end(), embedding_.begin() + id * width, embedding_.begin() + (id + 1) * width);
    }
    const reference::LstmTensors<double> tensors = {tables_[0], tables_[1], tables_[2], vectors};
    reference::Lstm<double> lstm(width, units);
    const std::vector<double> last = lstm.Forward(tokens, tensors);
    const reference::Dense<double> dense = {rows, units, classes, Activation::kLinear, tables_[3], tables_[4]};
    const std::vector<double> logits = dense.Forward(last);
    const double loss = reference::CrossEntropy(logits, classes, part.labels) / static_cast<double>(rows);
    std::vector<double> by_logits = reference::CrossEntropyGradient(logits, classes, part.labels);
    for (double& value : by_logits) value /= static_cast<double>(rows);
    std::vector<double> by_kernel(tables_[3].size()), by_bias(classes), by_last(last.size());
    dense.Backward(last, by_logits, &by_kernel, &by_bias, &by_last);
    const reference::LstmTensors<double> by = lstm.Backward(tokens, tensors, by_last);

    ++steps_;
    for (size_t i = 0; i < part.ids.size(); ++i) {
      for (size_t c = 0; c < width; ++c) {
        const size_t at = part.ids[i] * width + c;
        adams_[0].Apply(steps_, at, by.vectors[i * width + c], &embedding_[at]);
      }
    }
    const std::vector<double>* const gradients[] = {&by.kernel, &by.recurrent, &by.bias, &by_kernel, &by_bias};
    for (size_t table = 0; table < tables_.size(); ++table) {
      for (size_t i = 0; i < tables_[table].size(); ++i) {
        adams_[table + 1].Apply(steps_, i, (*gradients[table])[i], &tables_[table][i]);
      }
    }
    return loss;
  }

 private:
  static std::vector<double> Widen(const std::vector<float>& values) { return {values.begin(), values.end()}; }

  std::vector<double> embedding_;
  std::vector<std::vector<double>> tables_;
  std::vector<PlainAdam> adams_;
  uint64_t steps_ = 0;
};

}  // namespace

bool CheckTraining() {
  std::string error;
  Workload one(kSize, 1), other(kSize, 1);
  const std::unique_ptr<ResidentTrainer> device = ResidentTrainer::Open(&one, Precision::kFloat32, &error);
  if (device == nullptr) {
    std::printf("  FAIL %s\n", error.c_str());
    return false;
  }
  PlainTrainer plain(&other);
  // Few parts, seen again and again, can be learnt by heart.
  std::vector<WorkPart> parts;
  for (int i = 0; i < 4; ++i) parts.push_back(one.Part(kRows));
  bool near = true;
  double first = 0, last = 0;
  for (int step = 0; step < kSteps; ++step) {
    const WorkPart& part = parts[step % parts.size()];
    device->Step(part);
    const double have = device->LastLoss(), want = plain.Step(part);
    if (step == 0) first = have;
    last = have;
    const bool here = std::fabs(have - want) < 1e-4 * want;
    near = near && here;
    if (step % 10 == 0 || step == kSteps - 1 || !here) {
      std::printf("  step %3d  loss on the device %.6f  in double on the host %.6f%s\n", step + 1, have, want,
                  here ? "" : "  FAIL");
    }
  }
  if (!device->error().empty()) std::printf("  FAIL %s\n", device->error().c_str());
  const bool falls = last < 0.9 * first;
  std::printf("  %s the loss %s and %s\n", near && falls ? "ok  " : "FAIL", falls ? "falls" : "does not fall",
              near ? "is that of the host" : "is not that of the host");
  return near && falls;
}

}  // namespace pumasi
