// pumasi evaluate: a model against labelled rows.
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/exit_code.h"
#include "common/shutdown.h"
#include "ops/confusion_matrix.h"
#include "tools/cli/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/trained_model.h"
#include "worker/input/data_files.h"
#include "worker/input/encode_file.h"
#include "worker/input/label_set.h"
#include "worker/input/progress_tracker.h"

namespace pumasi {
namespace {

constexpr uint64_t kRowsAtOnce = 256;
constexpr size_t kConfusionsShown = 10;

struct Sums {
  uint64_t samples = 0;
  double loss = 0;
  uint64_t correct = 0;
  ConfusionMatrix confusions;
};

absl::StatusOr<EncodedFile> ReadRows(const TrainedModel& model, const std::string& data) {
  char here[PATH_MAX];
  if (getcwd(here, sizeof here) == nullptr) return absl::InternalError("cannot tell the current folder");
  auto files = ResolveDataFiles(data, here, "/");
  if (!files.ok()) return files.status();
  auto labels = OpenLabels(model.folder());
  if (!labels.ok()) return labels.status();
  ProgressTracker tracker({}, [] { return Shutdown::Install().Requested(); });
  return EncodeFiles(*files, model.manifest().job().data(), *model.encoder(), *labels,
                     static_cast<int>(std::thread::hardware_concurrency()), &tracker);
}

absl::Status Judge(TrainedModel& model, const RowSource& rows, Sums* sums) {
  for (uint64_t first = 0; first < rows.rows(); first += kRowsAtOnce) {
    if (Shutdown::Install().Requested()) return absl::CancelledError("interrupted");
    const uint64_t end = std::min(first + kRowsAtOnce, rows.rows());
    std::vector<std::vector<uint32_t>> tokens(end - first);
    std::vector<int32_t> labels;
    for (uint64_t row = first; row < end; ++row) {
      uint32_t label = 0;
      rows.Get(row, &tokens[row - first], &label);
      labels.push_back(static_cast<int32_t>(label));
    }
    PartOutcome outcome;
    if (absl::Status status = model.Evaluate(TrainedModel::MakePart(tokens, labels), &outcome); !status.ok())
      return status;
    sums->samples += labels.size();
    sums->loss += outcome.loss;
    sums->correct += outcome.correct;
    for (size_t i = 0; i < labels.size(); ++i) {
      sums->confusions.Add(labels[i], outcome.predicted[i]);
    }
  }
  return absl::OkStatus();
}

}  // namespace

int Evaluate(const EvaluateFlags& flags) {
  Shutdown::Install();
  auto model = TrainedModel::Open(flags.model);
  if (!model.ok()) return PrintError(model.status());
  if ((*model)->encoder() == nullptr) {
    return PrintError(
        absl::InvalidArgumentError("the model was trained on synthetic ids: there is no text to evaluate it on"));
  }
  auto rows = ReadRows(**model, flags.data);
  if (!rows.ok()) return PrintError(rows.status());
  Sums sums;
  if (absl::Status status = Judge(**model, *rows->rows, &sums); !status.ok()) {
    PrintError(status);
    return Shutdown::Install().Requested() ? kExitInterrupted : kExitFailed;
  }
  if (sums.samples == 0) return PrintError(absl::InvalidArgumentError(absl::StrCat(flags.data, ": no rows")));
  const auto confused = sums.confusions.MostConfused(kConfusionsShown);
  Json json;
  json["model"] = (*model)->folder();
  json["samples"] = sums.samples;
  json["accuracy"] = double(sums.correct) / double(sums.samples);
  json["loss"] = sums.loss / double(sums.samples);
  json["macro_f1"] = sums.confusions.MacroF1();
  json["skipped_rows"] = rows->skipped_rows;
  json["confusions"] = Json::array();
  const auto& labels = (*model)->labels();
  for (const auto& entry : confused) {
    Json confusion;
    confusion["truth"] = labels[entry.truth];
    confusion["predicted"] = labels[entry.predicted];
    confusion["count"] = entry.count;
    json["confusions"].push_back(confusion);
  }
  if (flags.json) {
    std::printf("%s\n", ToLine(json).c_str());
    return kExitOk;
  }
  std::printf("%llu rows: accuracy %.4f, macro F1 %.4f, loss %.4f\n", static_cast<unsigned long long>(sums.samples),
              double(sums.correct) / double(sums.samples), sums.confusions.MacroF1(), sums.loss / double(sums.samples));
  if (rows->skipped_rows > 0)
    std::printf("rows skipped as malformed: %llu\n", static_cast<unsigned long long>(rows->skipped_rows));
  if (!confused.empty()) std::printf("most often confused (truth -> prediction):\n");
  for (const auto& entry : confused) {
    std::printf("  %-16s -> %-16s %llu\n", labels[entry.truth].c_str(), labels[entry.predicted].c_str(),
                static_cast<unsigned long long>(entry.count));
  }
  return kExitOk;
}

}  // namespace pumasi
