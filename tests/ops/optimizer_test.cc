#include "ops/optimizer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

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
}

}  // namespace
}  // namespace pumasi
