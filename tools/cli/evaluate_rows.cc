#include "tools/cli/evaluate_rows.h"

#include <algorithm>

#include "ops/confusion_matrix.h"

namespace pumasi {
namespace {

constexpr uint64_t kRowsAtOnce = 256;

struct Sums {
  uint64_t samples = 0;
  double loss = 0;
  uint64_t correct = 0;
  uint64_t top_k_correct = 0;
  ConfusionMatrix confusions;
};

v1::Evaluation EvaluationOf(const Sums& sums, const TrainedModel& model, size_t confusions) {
  const uint32_t classes = model.manifest().data().classes(), top_k = model.manifest().job().top_k();
  const double samples = double(sums.samples);
  v1::Evaluation evaluation;
  evaluation.set_samples(sums.samples);
  evaluation.set_loss(sums.loss / samples);
  evaluation.set_accuracy(double(sums.correct) / samples);
  if (model.loss() == v1::LOSS_CROSS_ENTROPY && top_k < classes) {
    evaluation.set_top_k(top_k);
    evaluation.set_top_k_accuracy(double(sums.top_k_correct) / samples);
  }
  evaluation.set_macro_f1(sums.confusions.MacroF1(classes));
  for (const ConfusionMatrix::Entry& entry : sums.confusions.MostConfused(confusions)) {
    v1::Confusion* confusion = evaluation.add_confusions();
    confusion->set_truth(entry.truth);
    confusion->set_predicted(entry.predicted);
    confusion->set_count(entry.count);
  }
  return evaluation;
}

}  // namespace

absl::StatusOr<EncodedFile> EncodeFor(const TrainedModel& model, const std::vector<std::string>& files, int threads,
                                      ProgressTracker* tracker) {
  if (model.encoder() == nullptr) {
    return absl::InvalidArgumentError("the model was trained on synthetic ids: there is no text to evaluate it on");
  }
  const v1::Manifest& manifest = model.manifest();
  auto labels = OpenLabelEncoder(manifest.job(), manifest.data().classes(), model.folder());
  if (!labels.ok()) return labels.status();
  return EncodeFiles(files, manifest.job().data(), *model.encoder(), *labels, threads, tracker);
}

absl::StatusOr<v1::Evaluation> EvaluateRows(TrainedModel& model, const RowSource& rows, size_t confusions,
                                            const std::function<bool()>& cancelled) {
  if (rows.rows() == 0) return absl::InvalidArgumentError("there are no rows");
  Sums sums;
  std::vector<uint32_t> tokens, labels;
  for (uint64_t first = 0; first < rows.rows(); first += kRowsAtOnce) {
    if (cancelled && cancelled()) return absl::CancelledError("interrupted");
    const uint64_t end = std::min(first + kRowsAtOnce, rows.rows());
    PartBuilder part = model.NewPart();
    for (uint64_t row = first; row < end; ++row) {
      rows.Get(row, &tokens, &labels);
      part.Add(tokens, labels);
    }
    PartOutcome outcome;
    if (absl::Status status = model.Evaluate(part.Take(), &outcome); !status.ok()) return status;
    sums.samples += end - first;
    sums.loss += outcome.loss;
    sums.correct += outcome.correct;
    sums.top_k_correct += outcome.top_k_correct;
    for (const auto& [pair, count] : outcome.confusions) sums.confusions.Add(pair.first, pair.second, count);
  }
  return EvaluationOf(sums, model, confusions);
}

}  // namespace pumasi
