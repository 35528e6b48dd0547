// What an evaluation came to, in the measures that go with the job's loss:
//
//   cross_entropy         accuracy; top-k accuracy where it is counted; macro F1
//   binary_cross_entropy  exact match (rows whose labels are all right, and no other); macro F1
//   mse                   the mean squared error, which is the loss, and its root
#ifndef PUMASI_TOOLS_CLI_METRICS_H_
#define PUMASI_TOOLS_CLI_METRICS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/scheduler.pb.h"
#include "tools/cli/json.h"

namespace pumasi {

// Adds the measures and the loss to a JSON object: accuracy, top_k, top_k_accuracy, exact_match, macro_f1, mse, rmse.
void AddMetrics(const v1::Evaluation& evaluation, v1::Loss loss, Json* json);

// "accuracy 0.9000, top-5 0.9700, macro F1 0.8500".
std::string MetricsText(const v1::Evaluation& evaluation, v1::Loss loss);

// ", loss 0.1234"; nothing with mse, whose loss is a measure.
std::string LossText(double mean_loss, v1::Loss loss);

// The key of the measure that is also known of training rows ("accuracy", "exact_match", "rmse"), and its value.
std::string MainMetric(v1::Loss loss);
double MainMetricOf(double mean_loss, double accuracy, v1::Loss loss);

// The headline of a list of confusions; `where`, if not empty, says of which rows.
std::string ConfusionsTitle(v1::Loss loss, const std::string& where);
// A line of it. `labels` by number; the number of classes, `classes`, stands for no label, numbers without a name for
// themselves.
std::string ConfusionText(const v1::Confusion& confusion, const std::vector<std::string>& labels, uint32_t classes);
// truth, predicted (null: no label), count.
Json ConfusionJson(const v1::Confusion& confusion, const std::vector<std::string>& labels, uint32_t classes);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_METRICS_H_
