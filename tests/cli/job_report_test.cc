#include "tools/cli/job_report.h"

#include <catch2/catch.hpp>

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

// A job after one epoch: mean training loss 4, test loss 0.25, of 3 classes with names.
v1::JobStatus Status(v1::Loss loss) {
  v1::JobStatus status;
  status.set_job_id("some-1");
  status.set_state(v1::DONE);
  status.set_loss(loss);
  status.mutable_data()->set_classes(3);
  v1::EpochSummary* epoch = status.add_epochs_done();
  epoch->set_loss(4);
  epoch->set_accuracy(0.5);
  v1::Evaluation* evaluation = status.add_evaluations();
  evaluation->set_loss(0.25);
  if (loss == v1::LOSS_MSE) return status;
  for (const char* label : {"red", "green", "blue"}) status.add_labels(label);
  evaluation->set_accuracy(0.75);
  evaluation->set_macro_f1(0.625);
  v1::Confusion* confusion = evaluation->add_confusions();
  confusion->set_truth(1);
  confusion->set_predicted(loss == v1::LOSS_CROSS_ENTROPY ? 2 : 3);
  confusion->set_count(7);
  return status;
}

TEST_CASE("One class a row: accuracy and, where it is counted, top-k") {
  v1::JobStatus status = Status(v1::LOSS_CROSS_ENTROPY);
  Json json = JobJson(status, 1);
  CHECK(json["test"].dump() == R"({"accuracy":0.75,"loss":0.25,"macro_f1":0.625})");
  CHECK(json["by_epoch"][0].dump() == R"({"epoch":1,"loss":4.0,"accuracy":0.5,"seconds":0.0,"test_accuracy":0.75})");
  CHECK_THAT(ResultText(status, 1), Contains("epoch 1: loss 4.0000, test accuracy 0.7500, macro F1 0.6250\n") &&
                                        Contains("most often confused (truth -> prediction, test rows):\n") &&
                                        Contains("  green            -> blue             7\n"));
  status.mutable_evaluations(0)->set_top_k(2);
  status.mutable_evaluations(0)->set_top_k_accuracy(0.875);
  json = JobJson(status, 1);
  CHECK(json["test"].dump() == R"({"accuracy":0.75,"loss":0.25,"macro_f1":0.625,"top_k":2,"top_k_accuracy":0.875})");
  CHECK_THAT(ResultText(status, 1), Contains("test accuracy 0.7500, top-2 0.8750, macro F1 0.6250"));
}

TEST_CASE("A job whose wire depends on who computed what says that its parameters are not reproducible") {
  v1::JobStatus status = Status(v1::LOSS_CROSS_ENTROPY);
  status.set_parameters_sha256("abc");
  for (const v1::Wire wire : {v1::WIRE_UNSPECIFIED, v1::WIRE_FLOAT32, v1::WIRE_BF16, v1::WIRE_FP16}) {
    status.set_wire(wire);
    CHECK(JobJson(status, 1)["reproducible"] == true);
    CHECK_THAT(ResultText(status, 1), !Contains("reproducible"));
  }
  status.set_wire(v1::WIRE_ONEBIT);
  CHECK(JobJson(status, 1)["reproducible"] == false);
  CHECK_THAT(ResultText(status, 1), Contains("parameters sha256: abc\nreproducible: no, with wire: onebit "));
  status.set_wire(v1::WIRE_TOPK);
  CHECK(JobJson(status, 1)["reproducible"] == false);
}

TEST_CASE("A job that waits for less than all updates says that its parameters are not reproducible") {
  v1::JobStatus status = Status(v1::LOSS_CROSS_ENTROPY);
  status.set_parameters_sha256("abc");
  status.mutable_consistency()->mutable_sync();
  CHECK(JobJson(status, 1)["reproducible"] == true);
  status.mutable_consistency()->mutable_async();
  CHECK(JobJson(status, 1)["reproducible"] == false);
  CHECK_THAT(ResultText(status, 1), Contains("parameters sha256: abc\nreproducible: no, with consistency: async "));
  status.mutable_consistency()->mutable_bounded();
  CHECK_THAT(ResultText(status, 1), Contains("reproducible: no, with consistency: bounded "));
}

TEST_CASE("Several labels a row: exact match, and labels missed or wrong") {
  const v1::JobStatus status = Status(v1::LOSS_BINARY_CROSS_ENTROPY);
  const Json json = JobJson(status, 1);
  CHECK(json["test"].dump() == R"({"exact_match":0.75,"loss":0.25,"macro_f1":0.625})");
  CHECK(json["by_epoch"][0].dump() ==
        R"({"epoch":1,"loss":4.0,"exact_match":0.5,"seconds":0.0,"test_exact_match":0.75})");
  CHECK_THAT(ResultText(status, 1), Contains("test exact match 0.7500, macro F1 0.6250\n") &&
                                        Contains("  green            -> (none)           7\n"));
}

TEST_CASE("Numbers: the squared error and its root, and nothing of accuracy") {
  const v1::JobStatus status = Status(v1::LOSS_MSE);
  const Json json = JobJson(status, 1);
  CHECK(json["test"].dump() == R"({"rmse":0.5,"loss":0.25,"mse":0.25})");
  CHECK(json["by_epoch"][0].dump() == R"({"epoch":1,"loss":4.0,"rmse":2.0,"seconds":0.0,"test_rmse":0.5})");
  CHECK_THAT(ResultText(status, 1), Contains("epoch 1: loss 4.0000, test mse 0.25, rmse 0.5\n"));
  CHECK_THAT(ResultText(status, 1), !Contains("accuracy") && !Contains("F1"));
}

TEST_CASE("A job that was not evaluated has no measures of test rows") {
  v1::JobStatus status = Status(v1::LOSS_MSE);
  status.clear_evaluations();
  CHECK(JobJson(status, 1)["test"].is_null());
  CHECK_THAT(ResultText(status, 1), Contains("epoch 1: loss 4.0000\n"));
}

}  // namespace
}  // namespace pumasi
