// A job small enough to check number by number.
#ifndef PUMASI_TESTS_WORKER_MODEL_SMALL_JOB_H_
#define PUMASI_TESTS_WORKER_MODEL_SMALL_JOB_H_

#include "proto/job.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// embedding 3 → lstm 4 → dense 5 (tanh) → dense (softmax).
inline v1::Job SmallJob() {
  v1::Job job;
  job.set_seed(7);
  job.add_model()->mutable_embedding()->set_width(3);
  job.add_model()->mutable_lstm()->set_units(4);
  job.add_model()->mutable_dense()->set_units(5);
  job.mutable_model(2)->mutable_dense()->set_activation(v1::ACTIVATION_TANH);
  job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
  return job;
}

inline v1::DataSummary SmallData() {
  v1::DataSummary data;
  data.set_vocabulary(50);
  data.set_classes(6);
  return data;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_WORKER_MODEL_SMALL_JOB_H_
