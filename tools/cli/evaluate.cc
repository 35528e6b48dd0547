// pumasi evaluate: a model against labelled rows.
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/exit_code.h"
#include "common/shutdown.h"
#include "tools/cli/commands.h"
#include "tools/cli/evaluate_rows.h"
#include "tools/cli/json.h"
#include "tools/cli/metrics.h"
#include "tools/cli/trained_model.h"
#include "worker/input/data_files.h"

namespace pumasi {
namespace {

constexpr size_t kConfusionsShown = 10;

absl::StatusOr<EncodedFile> ReadRows(const TrainedModel& model, const std::string& data,
                                     const std::function<bool()>& cancelled) {
  char here[PATH_MAX];
  if (getcwd(here, sizeof here) == nullptr) return absl::InternalError("cannot tell the current folder");
  auto files = ResolveDataFiles(data, here, "/");
  if (!files.ok()) return files.status();
  ProgressTracker tracker({}, cancelled);
  return EncodeFor(model, *files, static_cast<int>(std::thread::hardware_concurrency()), &tracker);
}

Json ResultJson(const TrainedModel& model, const v1::Evaluation& evaluation, uint64_t skipped_rows) {
  Json json;
  json["model"] = model.folder();
  json["samples"] = evaluation.samples();
  AddMetrics(evaluation, model.loss(), &json);
  json["skipped_rows"] = skipped_rows;
  json["confusions"] = Json::array();
  for (const v1::Confusion& confusion : evaluation.confusions()) {
    json["confusions"].push_back(ConfusionJson(confusion, model.labels(), model.manifest().data().classes()));
  }
  return json;
}

std::string ResultText(const TrainedModel& model, const v1::Evaluation& evaluation, uint64_t skipped_rows) {
  std::string text = absl::StrCat(evaluation.samples(), " rows: ", MetricsText(evaluation, model.loss()),
                                  LossText(evaluation.loss(), model.loss()), "\n");
  if (skipped_rows > 0) absl::StrAppend(&text, "rows skipped as malformed: ", skipped_rows, "\n");
  if (!evaluation.confusions().empty()) absl::StrAppend(&text, ConfusionsTitle(model.loss(), ""), ":\n");
  for (const v1::Confusion& confusion : evaluation.confusions()) {
    absl::StrAppend(&text, ConfusionText(confusion, model.labels(), model.manifest().data().classes()), "\n");
  }
  return text;
}

}  // namespace

int Evaluate(const EvaluateFlags& flags) {
  Shutdown& shutdown = Shutdown::Install();
  const auto cancelled = [&] { return shutdown.Requested(); };
  auto model = TrainedModel::Open(flags.model);
  if (!model.ok()) return PrintError(model.status());
  auto rows = ReadRows(**model, flags.data, cancelled);
  if (!rows.ok()) return PrintError(rows.status());
  if (rows->rows->rows() == 0) return PrintError(absl::InvalidArgumentError(absl::StrCat(flags.data, ": no rows")));
  auto evaluation = EvaluateRows(**model, *rows->rows, kConfusionsShown, cancelled);
  if (!evaluation.ok()) {
    PrintError(evaluation.status());
    return shutdown.Requested() ? kExitInterrupted : kExitFailed;
  }
  const std::string result = flags.json ? ToLine(ResultJson(**model, *evaluation, rows->skipped_rows)) + "\n"
                                        : ResultText(**model, *evaluation, rows->skipped_rows);
  std::printf("%s", result.c_str());
  return kExitOk;
}

}  // namespace pumasi
