#include "ops/rate_schedule.h"

#include <catch2/catch.hpp>

#include "ops/decay_products.h"
#include "ops/geometric_sum.h"
#include "ops/real_power.h"
#include "tests/ops/dense_optimizer.h"
#include "tests/ops/optimizer_cases.h"

namespace pumasi {
namespace {

v1::Schedule Parse(const std::string& text) { return ParseOptimizer("schedule { " + text + " }").schedule(); }

TEST_CASE("Schedules follow their formulas") {
  const std::string text =
      GENERATE(as<std::string>(), "", "constant {}", "warmup: 1", "warmup: 10 constant {}",
               "step { every: 7 factor: 0.3 }", "warmup: 5 step { every: 1 factor: 0.9 }",
               "exponential { every: 1000 factor: 0.1 }", "warmup: 1000 exponential { every: 3 factor: 0.99 }",
               "exponential { every: 5 factor: 0 }", "exponential { every: 5 factor: 1 }", "cosine { batches: 1 }",
               "cosine { batches: 1000 }", "warmup: 17 cosine { batches: 333 floor: 0.25 }");
  CAPTURE(text);
  const v1::Schedule schedule = Parse(text);
  REQUIRE(CheckSchedule(schedule).ok());
  for (uint64_t step = 1; step <= 3000; ++step) {
    CAPTURE(step);
    REQUIRE(RateFactor(schedule, step) == Approx(DenseFactor(schedule, step)).epsilon(2e-13).margin(1e-15));
  }
}

TEST_CASE("Where a batch is several steps, all of them have the batch's factor") {
  const v1::Schedule schedule = Parse("warmup: 3 step { every: 2 factor: 0.5 }");
  v1::RateChange change;
  change.set_from_step(9);
  change.set_factor(0.25);
  const RateSchedule by_batch(schedule, {change}), by_step(schedule, {change}, {.per_batch = 4});
  for (uint64_t batch = 1; batch <= 20; ++batch) {
    for (uint64_t step = 4 * batch - 3; step <= 4 * batch; ++step)
      CHECK(by_step.Factor(step) == by_batch.Factor(batch));
  }
}

TEST_CASE("The first batch has the whole rate, unless there is a warm-up, whose last batch has it") {
  CHECK(RateFactor(Parse("exponential { every: 10 factor: 0.5 }"), 1) == 1);
  CHECK(RateFactor(Parse("cosine { batches: 10 }"), 1) == 1);
  CHECK(RateFactor(Parse("cosine { batches: 10 }"), 11) == 0);
  CHECK(RateFactor(Parse("step { every: 10 factor: 0.5 }"), 10) == 1);
  CHECK(RateFactor(Parse("step { every: 10 factor: 0.5 }"), 11) == 0.5);
  CHECK(RateFactor(Parse("warmup: 4 step { every: 10 factor: 0.5 }"), 1) == 0.25);
  CHECK(RateFactor(Parse("warmup: 4 step { every: 10 factor: 0.5 }"), 4) == 1);
  CHECK(RateFactor(Parse("warmup: 4 step { every: 10 factor: 0.5 }"), 14) == 1);
  CHECK(RateFactor(Parse("warmup: 4 step { every: 10 factor: 0.5 }"), 15) == 0.5);
}

TEST_CASE("An impossible schedule is refused by its name") {
  CHECK(CheckSchedule(Parse("step { factor: 0.5 }")).message() ==
        "optimizer.schedule.step.every is 0 or not set; it has to be at least 1");
  CHECK(CheckSchedule(Parse("cosine { batches: 5 floor: 2 }")).message() ==
        "optimizer.schedule.cosine.floor is 2; it has to be in [0, 1]");
  CHECK_FALSE(CheckSchedule(Parse("exponential { every: 5 factor: nan }")).ok());
}

TEST_CASE("Products of shares equal their factors one by one, and do not depend on what was asked before") {
  const std::string text =
      GENERATE(as<std::string>(), "", "warmup: 100 cosine { batches: 500 floor: 0.5 }", "step { every: 10 factor: 0 }");
  CAPTURE(text);
  const RateSchedule schedule(Parse(text));
  const DecayProducts used(0.01, schedule);
  for (const uint64_t begin : {0, 1, 63, 64, 65, 500}) {
    for (const uint64_t length : {0, 1, 2, 63, 64, 65, 127, 128, 129, 900}) {
      double want = 1;
      for (uint64_t step = begin + 1; step <= begin + length; ++step) want *= 1 - 0.01 * schedule.Factor(step);
      CHECK(used.Product(begin, begin + length) == Approx(want).epsilon(1e-12));
      CHECK(used.Product(begin, begin + length) == DecayProducts(0.01, schedule).Product(begin, begin + length));
    }
  }
}

TEST_CASE("Geometric sums and powers with any exponent agree with their definitions") {
  for (const double ratio : {0.0, 0.3, 0.9, 0.999, 0.999999999}) {
    long double sum = 0, power = 1;
    for (uint64_t terms = 0; terms <= 3000; ++terms) {
      REQUIRE(GeometricSum(ratio, terms) == Approx(static_cast<double>(sum)).epsilon(1e-12));
      sum += power *= ratio;
    }
  }
  for (const double base : {0.0, 1e-30, 0.1, 1.0, 7.5, 1e20}) {
    for (const double exponent : {0.0, 0.1, 0.5, 1.0, 1.75, 10.0}) {
      CHECK(RealPower(base, exponent) == Approx(std::pow(base, exponent)).epsilon(1e-13));
    }
  }
}

TEST_CASE("Changes multiply the schedule's factor from their step on, the last one counts") {
  RateChanges changes(2);
  changes[0].set_from_step(11), changes[0].set_factor(0.5);
  changes[1].set_from_step(21), changes[1].set_factor(0.125);
  const v1::Schedule proto = Parse("warmup: 4 reduce_on_plateau { factor: 0.5 patience: 2 }");
  REQUIRE(CheckSchedule(proto).ok());
  const RateSchedule schedule(proto, changes);
  CHECK_FALSE(schedule.always_one());
  CHECK(schedule.Factor(2) == 0.5);
  CHECK(schedule.Factor(10) == 1);
  CHECK(schedule.Factor(11) == 0.5);
  CHECK(schedule.Factor(20) == 0.5);
  CHECK(schedule.Factor(21) == 0.125);
  CHECK(schedule.Factor(1000000) == 0.125);
}

TEST_CASE("A schedule may be further on than who asks it, its changes are not") {
  v1::Schedule proto;
  proto.set_warmup(3);
  proto.mutable_step()->set_every(4);
  proto.mutable_step()->set_factor(0.5);
  RateChanges changes(1);
  changes[0].set_from_step(3);
  changes[0].set_factor(0.25);
  const RateSchedule schedule(proto, changes, {.before = 2});
  for (uint64_t step = 1; step < 20; ++step) {
    CHECK(schedule.Factor(step) == RateFactor(proto, step + 2) * (step < 3 ? 1 : 0.25));
  }
}

TEST_CASE("A change that is still to come leaves the bits of products over earlier steps alone") {
  const v1::Schedule proto = Parse("reduce_on_plateau { factor: 0.5 patience: 2 }");
  RateChanges changes(1);
  changes[0].set_from_step(1001), changes[0].set_factor(0.5);
  const DecayProducts before(1e-3 * 0.01, RateSchedule(proto)), after(1e-3 * 0.01, RateSchedule(proto, changes));
  for (uint64_t begin = 0; begin < 1000; begin += 37) {
    for (uint64_t end = begin; end <= 1000; end += 19) {
      CAPTURE(begin, end);
      REQUIRE(before.Product(begin, end) == after.Product(begin, end));
    }
  }
}

TEST_CASE("Impossible settings of reduce_on_plateau are named") {
  const auto refusal = [](const std::string& text) { return std::string(CheckSchedule(Parse(text)).message()); };
  CHECK(refusal("reduce_on_plateau { factor: 1 patience: 2 }") ==
        "optimizer.schedule.reduce_on_plateau.factor has to be at least 0 and below 1");
  CHECK(refusal("reduce_on_plateau { factor: 0.5 }") ==
        "optimizer.schedule.reduce_on_plateau.patience has to be at least 1");
}

}  // namespace
}  // namespace pumasi
