// Plans by loss and initialiser.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "tests/worker_model/planned_job.h"
#include "tests/worker_model/small_job.h"

namespace pumasi {
namespace {

TEST_CASE("Each loss has a last layer of its own, with as many units as the data has classes or numbers") {
  const auto refusal = [](v1::Loss loss, const std::string& last, uint32_t classes = 6) {
    v1::Job job = SmallJob();
    job.set_loss(loss);
    *job.mutable_model(3) = LayerOf(last);
    v1::DataSummary data = SmallData();
    data.set_classes(classes);
    return std::string(PlanTables(job, data).status().message());
  };
  const std::string softmax = "dense { activation: ACTIVATION_SOFTMAX }";
  const std::string sigmoid = "dense { activation: ACTIVATION_SIGMOID }";
  CHECK(refusal(v1::LOSS_CROSS_ENTROPY, softmax).empty());
  CHECK(refusal(v1::LOSS_CROSS_ENTROPY, sigmoid).find("activation: softmax, for loss: cross_entropy") !=
        std::string::npos);
  CHECK(refusal(v1::LOSS_CROSS_ENTROPY, softmax, 1).find("the data has 1 classes; a classifier needs 2") !=
        std::string::npos);
  CHECK(refusal(v1::LOSS_BINARY_CROSS_ENTROPY, sigmoid).empty());
  CHECK(refusal(v1::LOSS_BINARY_CROSS_ENTROPY, sigmoid, 1).empty());
  CHECK(refusal(v1::LOSS_BINARY_CROSS_ENTROPY, softmax) ==
        "model: layer 4 (dense_1): the last layer has to be dense with activation: sigmoid, for loss: "
        "binary_cross_entropy");
  CHECK(refusal(v1::LOSS_BINARY_CROSS_ENTROPY, sigmoid, 0).find("the data has no labels") != std::string::npos);
  for (const char* activation : {"LINEAR", "RELU", "TANH", "SIGMOID"}) {
    CHECK(refusal(v1::LOSS_MSE, std::string("dense { activation: ACTIVATION_") + activation + " }", 1).empty());
  }
  CHECK(refusal(v1::LOSS_MSE, "dense { }").empty());
  CHECK(refusal(v1::LOSS_MSE, softmax).find("any activation but softmax, for loss: mse") != std::string::npos);
  CHECK(refusal(v1::LOSS_MSE, "dropout { rate: 0.5 }").find("model: layer 4 (dropout): the last layer") == 0);
  CHECK(refusal(v1::LOSS_MSE, "dense { units: 2 }")
            .find("units: 2 gives numbers of shape rows x 2, but the data has numbers of shape rows x 6") !=
        std::string::npos);
  CHECK(refusal(v1::LOSS_MSE, "dense { }", 0).find("the data has no numbers") != std::string::npos);
}

TEST_CASE("Class weights and label smoothing are refused where the loss has no use for them") {
  v1::Job job = SmallJob();
  job.mutable_model(3)->mutable_dense()->set_activation(v1::ACTIVATION_SIGMOID);
  job.set_loss(v1::LOSS_BINARY_CROSS_ENTROPY);
  job.set_label_smoothing(0.1);
  CHECK(CheckModel(job).ok());
  job.add_class_weights(1);
  CHECK(Refusal(job).find("class_weights: only loss: cross_entropy") == 0);
  job.clear_class_weights();
  job.set_loss(v1::LOSS_MSE);
  CHECK(Refusal(job).find("label_smoothing: loss: mse has numbers") == 0);
  job.clear_label_smoothing();
  job.add_class_weights(1);
  CHECK(Refusal(job).find("class_weights: only loss: cross_entropy") == 0);
}

TEST_CASE("Initialisers have Keras' limits and deviations") {
  using I = v1::Initializer;
  const auto of = [](const std::string& layer, int table) {
    return (*PlanTables(JobOf({layer, "flatten { steps: 1 }"}), SmallData()))[table].initializer();
  };
  const auto conv = [&](const std::string& kind) {
    return of("conv1d { filters: 5 kernel_size: 2 kernel_initializer: INITIALIZER_KIND_" + kind + " }", 1);
  };
  // Keras counts 2·3 = 6 inputs and 2·5 = 10 outputs.
  constexpr double kTruncated = 0.87962566103423978;
  const struct {
    const char* kind;
    I::Kind table;
    double limit;
  } cases[] = {
      {"ZEROS", I::ZEROS, 0},
      {"ONES", I::ONES, 0},
      {"UNIFORM", I::UNIFORM, 0.05},
      {"NORMAL", I::NORMAL, 0.05},
      {"TRUNCATED_NORMAL", I::TRUNCATED_NORMAL, 0.05},
      {"GLOROT_UNIFORM", I::UNIFORM, std::sqrt(6.0 / 16)},
      {"GLOROT_NORMAL", I::TRUNCATED_NORMAL, std::sqrt(2.0 / 16) / kTruncated},
      {"HE_UNIFORM", I::UNIFORM, std::sqrt(6.0 / 6)},
      {"HE_NORMAL", I::TRUNCATED_NORMAL, std::sqrt(2.0 / 6) / kTruncated},
      {"LECUN_UNIFORM", I::UNIFORM, std::sqrt(3.0 / 6)},
      {"LECUN_NORMAL", I::TRUNCATED_NORMAL, std::sqrt(1.0 / 6) / kTruncated},
      {"ORTHOGONAL", I::ORTHOGONAL, 0},
  };
  for (const auto& c : cases) {
    CAPTURE(c.kind);
    CHECK(conv(c.kind).kind() == c.table);
    CHECK(conv(c.kind).limit() == Approx(c.limit));
  }
  CHECK(of("lstm { units: 4 return_sequences: true kernel_initializer: INITIALIZER_KIND_HE_NORMAL }", 1).limit() ==
        Approx(std::sqrt(2.0 / 3) / kTruncated));
  CHECK(
      of("gru { units: 4 return_sequences: true recurrent_initializer: INITIALIZER_KIND_GLOROT_UNIFORM }", 2).kind() ==
      I::GLOROT_UNIFORM);
  CHECK(
      of("gru { units: 4 return_sequences: true recurrent_initializer: INITIALIZER_KIND_GLOROT_NORMAL }", 2).limit() ==
      Approx(std::sqrt(2.0 / 16) / kTruncated));
  v1::Job job = SmallJob();
  job.mutable_model(2)->mutable_dense()->set_kernel_initializer(v1::INITIALIZER_KIND_LECUN_UNIFORM);
  CHECK((*PlanTables(job, SmallData()))[4].initializer().limit() == Approx(std::sqrt(3.0 / 4)));
  job.mutable_model(0)->mutable_embedding()->set_initializer(v1::INITIALIZER_KIND_NORMAL);
  CHECK((*PlanTables(job, SmallData()))[0].initializer().kind() == I::NORMAL);
  job.mutable_model(0)->mutable_embedding()->set_initializer(v1::INITIALIZER_KIND_HE_UNIFORM);
  CHECK((*PlanTables(job, SmallData()))[0].initializer().limit() == Approx(std::sqrt(6.0 / 50)));
  job.mutable_model(0)->mutable_embedding()->set_initializer(v1::INITIALIZER_KIND_ORTHOGONAL);
  CHECK(Refusal(job).find("model: layer 1 (embedding): initializer: orthogonal needs the whole table") == 0);
}

}  // namespace
}  // namespace pumasi
