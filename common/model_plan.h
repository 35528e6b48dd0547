// What a job's list of layers comes to: the tables that it trains. Worked out alike by the scheduler, which hands the
// tables out, and by the worker, which computes with them.
#ifndef PUMASI_COMMON_MODEL_PLAN_H_
#define PUMASI_COMMON_MODEL_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// The layers' names in order: the kind, and from the second layer of a kind on a number after it: "dense", "dense_1".
std::vector<std::string> LayerNames(const v1::Job& job);

// Refuses, with the layer's position and name, what does not fit whatever the data is: a first layer that is no
// embedding, layers in an order that can't be computed, a last layer that is no dense one with softmax, missing units.
absl::Status CheckModel(const v1::Job& job);

// The job's tables in the order of layers, each layer's in the order kernel, recurrent_kernel, bias: "embedding",
// "lstm/kernel", "lstm/recurrent_kernel", "lstm/bias", "dense/kernel", "dense/bias". A bias is a table of one row.
// Initial values are Keras' defaults, each table's seed is drawn from the job's. Refuses what CheckModel refuses, and
// shapes that do not fit the data.
absl::StatusOr<std::vector<v1::TableSpec>> PlanTables(const v1::Job& job, const v1::DataSummary& data);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_H_
