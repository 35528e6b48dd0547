#include "tools/cli/job_report.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/consistency.h"
#include "common/schema.h"
#include "ops/wire/job_wire.h"
#include "tools/cli/metrics.h"
#include "tools/cli/profile_report.h"

namespace pumasi {
namespace {

constexpr int kConfusionsShown = 5;

// Evaluations of epochs that an earlier run trained: a job that continues makes up for one that its checkpoint lacks.
std::vector<v1::Evaluation> EvaluatedBefore(const v1::JobStatus& status) {
  std::vector<v1::Evaluation> before;
  for (const auto& evaluation : status.evaluations()) {
    const bool trained_here = std::any_of(status.epochs_done().begin(), status.epochs_done().end(),
                                          [&](const auto& epoch) { return epoch.epoch() == evaluation.epoch(); });
    if (!trained_here) before.push_back(evaluation);
  }
  return before;
}

}  // namespace

std::string RingSentence(const v1::JobStatus& status) {
  if (!status.use().has_ring()) return "";
  const v1::RingDifference& ring = status.use().ring();
  const std::string may =
      "reduction: ring adds in an order that depends on the workers: results may differ in the last bits";
  if (ring.sums() == 0) return may + "; no sums were compared with the job's tree";
  if (ring.differ() == 0)
    return absl::StrCat(may, "; none of ", ring.sums(), " sums of gradients differed from the job's tree");
  return absl::StrFormat(
      "%s; of %d sums of gradients that were compared with the job's tree %.2g %% differed, by %.1e of their tensor's "
      "largest at most",
      may, ring.sums(), 100.0 * double(ring.differ()) / double(ring.sums()), ring.largest());
}

std::string StateName(v1::JobState state) { return absl::AsciiStrToLower(v1::JobState_Name(state)); }

bool Ended(v1::JobState state) { return state == v1::DONE || state == v1::FAILED || state == v1::CANCELLED; }

std::string SafetyText(const v1::JobStatus& status) {
  std::vector<std::string> parts;
  if (status.slots_without_backup() > 0) {
    parts.push_back(absl::StrCat(status.slots_without_backup(), " slots without backup"));
  }
  if (!status.checkpoint().empty() && !Ended(status.state())) parts.push_back("last " + status.checkpoint());
  if (status.generation() > 0) {
    parts.push_back(
        absl::StrCat("went back to a checkpoint ", status.generation(), status.generation() == 1 ? " time" : " times"));
  }
  return absl::StrJoin(parts, ", ");
}

Json JobJson(const v1::JobStatus& status, double wall_seconds) {
  Json json;
  json["job"] = status.job_id();
  json["state"] = StateName(status.state());
  if (!status.message().empty()) json["message"] = status.message();
  const auto* const mode = v1::Mode_descriptor()->FindValueByNumber(status.mode());
  json["mode"] = mode == nullptr ? "" : EnumText(*mode);
  json["servers"] = status.servers();
  json["workers"] = status.workers();
  json["epochs"] = status.epochs_done_size();
  json["samples"] = status.samples();
  json["rows_per_s"] = status.rows_per_s();
  json["wall_s"] = wall_seconds;
  json["train_s"] = status.train_seconds();
  json["batch_s"] = {
      {"p50", status.batch_seconds_p50()}, {"p99", status.batch_seconds_p99()}, {"max", status.batch_seconds_max()}};
  json["loss"] = status.epochs_done().empty() ? Json() : Json(status.epochs_done().rbegin()->loss());
  Json test;
  if (!status.evaluations().empty()) AddMetrics(*status.evaluations().rbegin(), status.loss(), &test);
  json["test"] = test;
  json["parameters_sha256"] = status.parameters_sha256();
  const bool ring = status.use().has_ring();
  json["reproducible"] = IsReproducible(status.wire()) && IsReproducible(status.consistency()) && !ring;
  if (ring) {
    json["ring"] = {{"sums", status.use().ring().sums()},
                    {"differ", status.use().ring().differ()},
                    {"largest", status.use().ring().largest()},
                    {"sentence", RingSentence(status)}};
  }
  json["bytes_pulled"] = status.use().bytes_pulled();
  json["bytes_pushed"] = status.use().bytes_pushed();
  if (!status.nodes().empty()) json["profile"] = ProfileJson(status);
  json["model"] = status.model();
  json["generation"] = status.generation();
  json["layout_epoch"] = status.layout_epoch();
  json["checkpoint"] = status.checkpoint();
  json["slots_without_backup"] = status.slots_without_backup();
  json["skipped_rows"] = status.data().skipped_rows();
  Json by_epoch = Json::array();
  for (const auto& evaluation : EvaluatedBefore(status)) {
    by_epoch.push_back({{"epoch", evaluation.epoch() + 1},
                        {absl::StrCat("test_", MainMetric(status.loss())),
                         MainMetricOf(evaluation.loss(), evaluation.accuracy(), status.loss())}});
  }
  for (const auto& epoch : status.epochs_done()) {
    Json entry;
    entry["epoch"] = epoch.epoch() + 1;
    entry["loss"] = epoch.loss();
    const std::string metric = MainMetric(status.loss());
    entry[metric] = MainMetricOf(epoch.loss(), epoch.accuracy(), status.loss());
    entry["seconds"] = epoch.seconds();
    for (const auto& evaluation : status.evaluations()) {
      if (evaluation.epoch() != epoch.epoch()) continue;
      entry[absl::StrCat("test_", metric)] = MainMetricOf(evaluation.loss(), evaluation.accuracy(), status.loss());
    }
    by_epoch.push_back(entry);
  }
  json["by_epoch"] = by_epoch;
  Json rate_changes = Json::array();
  for (const v1::RateChange& change : status.rate_changes()) {
    rate_changes.push_back({{"from_step", change.from_step()}, {"factor", change.factor()}});
  }
  json["rate_changes"] = rate_changes;
  json["first_losses"] = Json(std::vector<double>(status.first_losses().begin(), status.first_losses().end()));
  json["warnings"] = Json(std::vector<std::string>(status.warnings().begin(), status.warnings().end()));
  return json;
}

std::string ResultText(const v1::JobStatus& status, double wall_seconds) {
  std::string text;
  absl::StrAppendFormat(&text, "%s: %s after %.1f s", status.job_id(), StateName(status.state()), wall_seconds);
  if (!status.message().empty()) absl::StrAppend(&text, ": ", status.message());
  absl::StrAppend(&text, "\n");
  for (const std::string& warning : status.warnings()) absl::StrAppend(&text, "warning: ", warning, "\n");
  if (const std::string safety = SafetyText(status); !safety.empty()) absl::StrAppend(&text, safety, "\n");
  if (status.data().skipped_rows() > 0)
    absl::StrAppend(&text, "rows skipped as malformed: ", status.data().skipped_rows(), "\n");
  if (status.samples() > 0) {
    absl::StrAppendFormat(&text, "trained %d samples in %.1f s: %.0f rows/s\n", status.samples(),
                          status.train_seconds(), status.rows_per_s());
  }
  for (const auto& evaluation : EvaluatedBefore(status)) {
    absl::StrAppendFormat(&text, "epoch %d: trained before this run, test %s\n", evaluation.epoch() + 1,
                          MetricsText(evaluation, status.loss()));
  }
  for (const auto& epoch : status.epochs_done()) {
    absl::StrAppendFormat(&text, "epoch %d: loss %.4f", epoch.epoch() + 1, epoch.loss());
    for (const auto& evaluation : status.evaluations()) {
      if (evaluation.epoch() == epoch.epoch())
        absl::StrAppend(&text, ", test ", MetricsText(evaluation, status.loss()));
    }
    absl::StrAppend(&text, "\n");
  }
  for (const v1::RateChange& change : status.rate_changes()) {
    absl::StrAppendFormat(&text, "learning rate times %g from batch %d on\n", change.factor(), change.from_step());
  }
  if (!status.evaluations().empty() && !status.evaluations().rbegin()->confusions().empty()) {
    const auto& confusions = status.evaluations().rbegin()->confusions();
    const std::vector<std::string> labels(status.labels().begin(), status.labels().end());
    absl::StrAppend(&text, ConfusionsTitle(status.loss(), "test rows"), ":\n");
    for (int i = 0; i < std::min(kConfusionsShown, confusions.size()); ++i) {
      absl::StrAppend(&text, ConfusionText(confusions[i], labels, status.data().classes()), "\n");
    }
  }
  if (!status.parameters_sha256().empty()) {
    absl::StrAppend(&text, "parameters sha256: ", status.parameters_sha256(), "\n");
    if (!IsReproducible(status.wire())) {
      absl::StrAppend(&text, "reproducible: no, with wire: ", status.wire() == v1::WIRE_ONEBIT ? "onebit" : "topk",
                      " the parameters depend on which worker computed what\n");
    } else if (!IsReproducible(status.consistency())) {
      absl::StrAppend(&text,
                      "reproducible: no, with consistency: ", status.consistency().has_async() ? "async" : "bounded",
                      " the parameters depend on which worker was how fast\n");
    } else if (status.use().has_ring()) {
      absl::StrAppend(&text, "reproducible: no, ", RingSentence(status), "\n");
    }
  }
  if (!status.model().empty()) absl::StrAppend(&text, "model: ", status.model(), "\n");
  return text;
}

}  // namespace pumasi
