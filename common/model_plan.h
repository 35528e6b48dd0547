// What a job's list of layers comes to: the tables that it trains. Worked out alike by the scheduler, which hands the
// tables out, and by the worker, which computes with them.
#ifndef PUMASI_COMMON_MODEL_PLAN_H_
#define PUMASI_COMMON_MODEL_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model_plan_layer.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// The layers' names in order: the kind, and from the second layer of a kind on a number after it: "dense", "dense_1".
std::vector<std::string> LayerNames(const v1::Job& job);

// The job's loss; cross entropy if it states none.
v1::Loss LossOf(const v1::Job& job);

// Refuses, with the layer's position and name, what does not fit whatever the data is: a first layer that is no
// embedding, a layer that can't compute with the shape before it (both are named), settings that exclude each other, a
// last layer that is no dense one with the activation of the job's loss (cross_entropy: softmax, binary_cross_entropy:
// sigmoid, mse: any other than softmax), missing units, class weights or label smoothing that the loss has no use for.
absl::Status CheckModel(const v1::Job& job);

// The layers with their shapes and tables. Initial values are Keras' defaults, each table's seed is drawn from the
// job's. Refuses what CheckModel refuses, and shapes that do not fit the data. Of the data count `vocabulary` and
// `classes`: of the labels, one of which each row has (cross_entropy, 2 at least) or any number
// (binary_cross_entropy), or the numbers of a row (mse).
absl::StatusOr<std::vector<LayerPlan>> PlanLayers(const v1::Job& job, const v1::DataSummary& data);

// The tables of PlanLayers, one layer's after another's: "embedding", "lstm/kernel", "lstm/recurrent_kernel",
// "lstm/bias", "concatenate/0/conv1d/kernel", …, "dense/kernel", "dense/bias". A bias is a table of one row, but for
// gru with reset_after, which has two.
absl::StatusOr<std::vector<v1::TableSpec>> PlanTables(const v1::Job& job, const v1::DataSummary& data);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_H_
