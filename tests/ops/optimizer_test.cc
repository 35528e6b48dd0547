#include "ops/optimizer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "tests/ops/optimizer_cases.h"

namespace pumasi {
namespace {

v1::Optimizer AdamProto() {
  v1::Optimizer proto;
  proto.mutable_adam()->set_learning_rate(0.001);
  proto.mutable_adam()->set_beta_1(0.9);
  proto.mutable_adam()->set_beta_2(0.999);
  proto.mutable_adam()->set_epsilon(1e-8);
  return proto;
}

TEST_CASE("Adam keeps m and v beside each value, and its first step is the learning rate long") {
  const auto adam = MakeOptimizer(AdamProto());
  REQUIRE(adam.ok());
  CHECK((*adam)->slots() == 2);
  CHECK((*adam)->slot_names() == std::vector<std::string>{"m", "v"});
  std::vector<float> value = {1, 1}, slots(4);
  const std::vector<float> gradient = {0.5f, -2};
  (*adam)->Apply(1, 2, gradient.data(), value.data(), slots.data());
  CHECK(value[0] == Approx(0.999).epsilon(1e-6));
  CHECK(value[1] == Approx(1.001).epsilon(1e-6));
  CHECK(slots[0] == Approx(0.05));
  CHECK(slots[3] == Approx(0.004));
}

TEST_CASE("SGD goes down the gradient and does nothing where there is none") {
  v1::Optimizer proto;
  proto.mutable_sgd()->set_learning_rate(0.5);
  const auto sgd = MakeOptimizer(proto);
  REQUIRE(sgd.ok());
  CHECK((*sgd)->slots() == 0);
  std::vector<float> value = {1, 1, 1}, peeked(3);
  const std::vector<float> gradient = {2, -2, 0};
  (*sgd)->Apply(1, 3, gradient.data(), value.data(), nullptr);
  CHECK(value == std::vector<float>{0, 2, 1});
  (*sgd)->CatchUp(1, 50, 3, value.data(), nullptr);
  (*sgd)->Peek(1, 50, 3, value.data(), nullptr, peeked.data());
  CHECK(value == std::vector<float>{0, 2, 1});
  CHECK(peeked == value);
}

TEST_CASE("A missing or impossible setting is refused by its name") {
  const auto refusal = [](const v1::Optimizer& proto) { return std::string(MakeOptimizer(proto).status().message()); };
  CHECK(refusal(v1::Optimizer()).find("none is given") != std::string::npos);
  v1::Optimizer proto = AdamProto();
  proto.mutable_adam()->clear_epsilon();
  CHECK(refusal(proto) == "optimizer.adam.epsilon is not set");
  proto = AdamProto();
  proto.mutable_adam()->set_beta_1(1);
  CHECK(refusal(proto) == "optimizer.adam.beta_1 is 1; it has to be in [0, 1)");
  proto = AdamProto();
  proto.mutable_adam()->set_learning_rate(NAN);
  CHECK(refusal(proto).find("optimizer.adam.learning_rate is nan") == 0);
  proto.mutable_sgd()->set_learning_rate(-1);
  CHECK(refusal(proto) == "optimizer.sgd.learning_rate is -1; it has to be at least 0");
  proto.mutable_sgd()->set_learning_rate(1);
  proto.mutable_sgd()->set_momentum(1);
  CHECK(refusal(proto) == "optimizer.sgd.momentum is 1; it has to be in [0, 1)");
  proto.mutable_adamw()->set_learning_rate(-1);
  CHECK(refusal(proto) == "optimizer.adamw.learning_rate is -1; it has to be at least 0");
  proto.mutable_lazy_adam();
  CHECK(refusal(proto) == "optimizer.lazy_adam.learning_rate is not set");
  proto.mutable_adagrad()->set_learning_rate(1);
  CHECK(refusal(proto) == "optimizer.adagrad.initial_accumulator is not set");
  proto.mutable_adadelta()->set_learning_rate(1);
  CHECK(refusal(proto) == "optimizer.adadelta.rho is not set");
  proto.mutable_rmsprop()->set_learning_rate(1);
  proto.mutable_rmsprop()->set_rho(1);
  CHECK(refusal(proto) == "optimizer.rmsprop.rho is 1; it has to be in [0, 1)");
  proto.mutable_ftrl()->set_learning_rate(0);
  CHECK(refusal(proto) == "optimizer.ftrl.learning_rate is 0; it has to be above 0");
  proto.mutable_ftrl()->set_learning_rate(1);
  proto.mutable_ftrl()->set_learning_rate_power(0.5);
  CHECK(refusal(proto) == "optimizer.ftrl.learning_rate_power is 0.5; it has to be at most 0");
  proto = AdamProto();
  proto.mutable_clip();
  CHECK(refusal(proto) == "optimizer.clip: none of value, norm and global_norm is given");
  proto.mutable_clip()->set_value(0);
  CHECK(refusal(proto) == "optimizer.clip.value is 0; it has to be above 0");
  proto.mutable_clip()->set_global_norm(-1);
  CHECK(refusal(proto) == "optimizer.clip.global_norm is -1; it has to be above 0");
  proto.mutable_clip()->set_value(1);
  proto.set_l2(-1);
  CHECK(refusal(proto) == "optimizer.l2 is -1; it has to be at least 0");
  proto.set_l2(0);
  proto.mutable_schedule()->mutable_step();
  CHECK(refusal(proto).find("optimizer.schedule.step.every is 0") == 0);
}

TEST_CASE("Each optimizer names its slots and says how they begin") {
  for (const std::string& text : OptimizerCases()) {
    CAPTURE(text);
    const v1::Optimizer proto = ParseOptimizer(text);
    const auto optimizer = MakeOptimizer(proto);
    REQUIRE(optimizer.ok());
    CHECK((*optimizer)->slot_names().size() == static_cast<size_t>((*optimizer)->slots()));
    std::vector<float> slots(2 * (*optimizer)->slots() + 1, 7.0f);
    (*optimizer)->InitSlots(2, slots.data());
    CHECK(slots.back() == 7);
    const double first = proto.has_adagrad() ? proto.adagrad().initial_accumulator()
                         : proto.has_ftrl()  ? proto.ftrl().initial_accumulator()
                                             : 0;
    for (int i = 0; i < 2 * (*optimizer)->slots(); ++i) CHECK(slots[i] == (i < 2 ? static_cast<float>(first) : 0));
  }
}

TEST_CASE("Clipping comes before the penalty, and neither reaches rows without a gradient") {
  const auto sgd = MakeOptimizer(ParseOptimizer("sgd { learning_rate: 1 } clip { value: 0.5 } l2: 0.25"));
  REQUIRE(sgd.ok());
  std::vector<float> value = {8, 8, 8};
  const std::vector<float> gradient = {3, -3, 0.25f};
  (*sgd)->Apply(1, 3, gradient.data(), value.data(), nullptr);
  CHECK(value == std::vector<float>{5.5f, 6.5f, 5.75f});
  const std::vector<float> after = value;
  (*sgd)->CatchUp(1, 100, 3, value.data(), nullptr);
  CHECK(value == after);
}

TEST_CASE("FTRL with l1 makes values exactly zero, and a rate of zero leaves it alone") {
  const auto ftrl = MakeOptimizer(
      ParseOptimizer("ftrl { learning_rate: 0.1 learning_rate_power: -0.5 initial_accumulator: 0 l1: 1 l2: 0 beta: 0 } "
                     "schedule { cosine { batches: 5 } }"));
  REQUIRE(ftrl.ok());
  std::vector<float> value = {0.1f, 0.1f, 0.1f}, slots(6);
  (*ftrl)->InitSlots(3, slots.data());
  const std::vector<float> gradient = {0.25f, -50, 0};
  (*ftrl)->Apply(1, 3, gradient.data(), value.data(), slots.data());
  CHECK(value[0] == 0);
  CHECK(value[1] > 0);
  CHECK(value[2] == 0.1f);
  const std::vector<float> after = value;
  (*ftrl)->Apply(6, 3, gradient.data(), value.data(), slots.data());
  CHECK(value == after);
}

}  // namespace
}  // namespace pumasi
