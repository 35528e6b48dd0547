#include "tools/cli/metrics.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pumasi {
namespace {

std::string LabelOf(uint32_t label, const std::vector<std::string>& labels) {
  return label < labels.size() ? labels[label] : absl::StrCat("class ", label);
}

std::string SideText(uint32_t label, const std::vector<std::string>& labels, uint32_t classes) {
  return label == classes ? "(none)" : LabelOf(label, labels);
}

Json SideJson(uint32_t label, const std::vector<std::string>& labels, uint32_t classes) {
  return label == classes ? Json() : Json(LabelOf(label, labels));
}

}  // namespace

void AddMetrics(const v1::Evaluation& evaluation, v1::Loss loss, Json* json) {
  (*json)[MainMetric(loss)] = MainMetricOf(evaluation.loss(), evaluation.accuracy(), loss);
  (*json)["loss"] = evaluation.loss();
  if (loss == v1::LOSS_MSE) {
    (*json)["mse"] = evaluation.loss();
    return;
  }
  (*json)["macro_f1"] = evaluation.macro_f1();
  if (evaluation.top_k() == 0) return;
  (*json)["top_k"] = evaluation.top_k();
  (*json)["top_k_accuracy"] = evaluation.top_k_accuracy();
}

std::string MetricsText(const v1::Evaluation& evaluation, v1::Loss loss) {
  if (loss == v1::LOSS_MSE) {
    return absl::StrFormat("mse %.6g, rmse %.6g", evaluation.loss(), std::sqrt(evaluation.loss()));
  }
  std::string text = absl::StrFormat("%s %.4f", loss == v1::LOSS_BINARY_CROSS_ENTROPY ? "exact match" : "accuracy",
                                     evaluation.accuracy());
  if (evaluation.top_k() > 0)
    absl::StrAppendFormat(&text, ", top-%d %.4f", evaluation.top_k(), evaluation.top_k_accuracy());
  absl::StrAppendFormat(&text, ", macro F1 %.4f", evaluation.macro_f1());
  return text;
}

std::string LossText(double mean_loss, v1::Loss loss) {
  return loss == v1::LOSS_MSE ? "" : absl::StrFormat(", loss %.4f", mean_loss);
}

std::string MainMetric(v1::Loss loss) {
  if (loss == v1::LOSS_MSE) return "rmse";
  return loss == v1::LOSS_BINARY_CROSS_ENTROPY ? "exact_match" : "accuracy";
}

double MainMetricOf(double mean_loss, double accuracy, v1::Loss loss) {
  return loss == v1::LOSS_MSE ? std::sqrt(mean_loss) : accuracy;
}

std::string ConfusionsTitle(v1::Loss loss, const std::string& where) {
  return absl::StrCat(loss == v1::LOSS_BINARY_CROSS_ENTROPY
                          ? "most often missed (label -> none) or wrong (none -> label"
                          : "most often confused (truth -> prediction",
                      where.empty() ? "" : ", ", where, ")");
}

std::string ConfusionText(const v1::Confusion& confusion, const std::vector<std::string>& labels, uint32_t classes) {
  return absl::StrFormat("  %-16s -> %-16s %d", SideText(confusion.truth(), labels, classes),
                         SideText(confusion.predicted(), labels, classes), confusion.count());
}

Json ConfusionJson(const v1::Confusion& confusion, const std::vector<std::string>& labels, uint32_t classes) {
  Json json;
  json["truth"] = SideJson(confusion.truth(), labels, classes);
  json["predicted"] = SideJson(confusion.predicted(), labels, classes);
  json["count"] = confusion.count();
  return json;
}

}  // namespace pumasi
