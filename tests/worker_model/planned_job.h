// Jobs of layers given as text, and how their plans read.
#ifndef PUMASI_TESTS_WORKER_MODEL_PLANNED_JOB_H_
#define PUMASI_TESTS_WORKER_MODEL_PLANNED_JOB_H_

#include <string>
#include <vector>

#include "common/model_plan.h"
#include "tests/worker_model/layer_run.h"

namespace pumasi {

// "lstm/kernel 3x16"
inline std::vector<std::string> Shapes(const std::vector<v1::TableSpec>& tables) {
  std::vector<std::string> shapes;
  for (const v1::TableSpec& table : tables) {
    shapes.push_back(table.name() + " " + std::to_string(table.rows()) + "x" + std::to_string(table.columns()));
  }
  return shapes;
}

// Empty if there is none.
inline std::string Refusal(const v1::Job& job) { return std::string(CheckModel(job).message()); }

// embedding 3 → the layers → dense (softmax).
inline v1::Job JobOf(const std::vector<std::string>& layers) {
  v1::Job job;
  job.add_model()->mutable_embedding()->set_width(3);
  for (const std::string& text : layers) *job.add_model() = LayerOf(text);
  job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
  return job;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_WORKER_MODEL_PLANNED_JOB_H_
