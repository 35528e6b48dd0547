#include "tools/plan/traffic.h"

#include <catch2/catch.hpp>

#include "tests/plan/some_input.h"

namespace pumasi {
namespace {

double Moved(const JobShape& shape, const Candidate& candidate) {
  const Traffic traffic =
      TrafficOf(shape, SeedDistinct, candidate, (candidate.micro_batches + candidate.workers - 1) / candidate.workers);
  return traffic.pulled + traffic.pushed + traffic.sent + traffic.received;
}

// docs/performance.md, "Bytes": measured with `pumasi train configs/jobs/seed80m.yaml --set data.synthetic.rows=640`.
TEST_CASE("seed80m's bytes are those that were measured, within 2 %") {
  const JobShape shape = Seed80m(), half = Seed80m("wire: bf16");
  CHECK(Moved(shape, {PlanMode::kPs, 2, 1, 4}) == Approx(8.39e6).epsilon(0.02));
  CHECK(Moved(shape, {PlanMode::kPs, 2, 2, 4}) == Approx(6.72e6).epsilon(0.02));
  CHECK(Moved(half, {PlanMode::kPs, 2, 1, 4}) == Approx(4.20e6).epsilon(0.02));
  CHECK(Moved(half, {PlanMode::kPs, 2, 2, 4}) == Approx(3.36e6).epsilon(0.02));
}

TEST_CASE("What stays in a worker is not moved") {
  // docs/performance.md, "Ways to train": of all workers together.
  const JobShape shape = Seed80m();
  CHECK(Moved(shape, {PlanMode::kSharded, 0, 1, 4}) == 0);
  CHECK(2 * Moved(shape, {PlanMode::kSharded, 0, 2, 4}) == Approx(6.7e6).epsilon(0.02));
  CHECK(4 * Moved(shape, {PlanMode::kSharded, 0, 4, 4}) == Approx(17.3e6).epsilon(0.02));
  const auto own = [&](PlanMode mode, uint32_t workers) {
    const Traffic traffic = TrafficOf(shape, SeedDistinct, {mode, 2, workers, 4}, 4 / workers);
    return traffic.pulled_own + traffic.pushed_own;
  };
  CHECK(own(PlanMode::kPs, 1) == 0);
  CHECK(own(PlanMode::kReplicated, 1) == Approx(8.39e6).epsilon(0.02));
  CHECK(own(PlanMode::kReplicated, 2) == Approx(6.72e6).epsilon(0.02));
  CHECK(own(PlanMode::kSharded, 2) == Approx(6.72e6 / 2).epsilon(0.02));
  CHECK(own(PlanMode::kHybrid, 2) == Approx(2 * 4 * 578335.0).epsilon(0.01));
  // 64 slots among 100 workers: whom a worker calls, and that it may hold none.
  CHECK(Called({PlanMode::kSharded, 0, 100, 128}, 64) == 64);
  CHECK(Called({PlanMode::kSharded, 0, 4, 4}, 64) == 3);
  CHECK(Called({PlanMode::kPs, 3, 4, 4}, 64) == 3);
  CHECK(Called({PlanMode::kReplicated, 0, 4, 4}, 64) == 0);
}

TEST_CASE("seed80m's shape") {
  const JobShape shape = Seed80m();
  CHECK(shape.row_ids * shape.width + shape.dense_floats == 80656435);
  CHECK(shape.optimizer_slots == 2);
  CHECK(shape.row_bytes == 1200);
  CHECK(shape.dense_pulled == 4 * 578335);
  CHECK(Seed80m("wire: fp16").row_bytes == 602);
  const JobShape coded = Seed80m("wire: onebit");
  CHECK(coded.row_bytes == 1200);
  CHECK(coded.dense_pulled == 4 * 578335);
  // tests/exchange/coded_push_test: 91 kB, and 31 kB.
  CHECK(coded.dense_pushed == Approx(91e3).epsilon(0.02));
  CHECK(Seed80m("wire: topk").dense_pushed == Approx(31e3).epsilon(0.02));
}

TEST_CASE("Workers that have several units move all tensors with each") {
  const JobShape shape = Seed80m();
  // Three of eight parts: a node of two, and one.
  const Traffic three = TrafficOf(shape, SeedDistinct, {PlanMode::kPs, 1, 3, 8}, 3);
  CHECK(three.units == 2);
  CHECK(three.unit_rows == 16);
  CHECK(three.pulled > 2 * shape.dense_pulled);
  CHECK(TrafficOf(shape, SeedDistinct, {PlanMode::kPs, 1, 2, 8}, 4).units == 1);
  CHECK(TrafficOf(shape, SeedDistinct, {PlanMode::kPs, 1, 9, 8}, 0).pulled == 0);
}

TEST_CASE("Two copies are pushed to twice and read once") {
  const Traffic one = TrafficOf(Seed80m(), SeedDistinct, {PlanMode::kPs, 2, 2, 2}, 1);
  const Traffic two = TrafficOf(Seed80m("replicas: 2"), SeedDistinct, {PlanMode::kPs, 2, 2, 2}, 1);
  CHECK(two.pulled == one.pulled);
  CHECK(two.pushed == 2 * one.pushed);
}

TEST_CASE("Members that hold the same send their gradients to each other, or what a ring sends") {
  const JobShape shape = Seed80m();
  // 2 (n - 1) / n of 323 MB.
  for (const uint32_t n : {2, 4}) {
    const Traffic dense = TrafficOf(shape, SeedDistinct, {PlanMode::kDense, 0, n, 4}, 4 / n);
    CHECK(dense.sent == Approx(2.0 * (n - 1) / n * 4 * 80656435));
  }
  for (const uint32_t n : {2, 4}) {
    const Traffic replicated = TrafficOf(shape, SeedDistinct, {PlanMode::kReplicated, 0, n, n}, 1);
    CHECK(replicated.sent == Approx((n - 1) * (1200 * SeedDistinct(64.0 / n) + 4 * 578335)).epsilon(0.01));
    CHECK(replicated.pulled == 0);
  }
  const Traffic hybrid = TrafficOf(shape, SeedDistinct, {PlanMode::kHybrid, 2, 2, 2}, 1);
  CHECK(hybrid.pulled == Approx(1200 * SeedDistinct(32)).epsilon(0.01));
  CHECK(hybrid.sent == Approx(4 * 578335).epsilon(0.01));
  for (const PlanMode mode : {PlanMode::kReplicated, PlanMode::kRing, PlanMode::kDense}) {
    CHECK(Moved(shape, {mode, 0, 1, 4}) == 0);
  }
}

TEST_CASE("Optimizers change a batch's rows and the tensors, on the holders") {
  const JobShape shape = Seed80m();
  const double floats = 300 * SeedDistinct(64) + 578335;
  CHECK(AppliedFloats(shape, SeedDistinct, {PlanMode::kPs, 2, 2, 4}) == Approx(floats / 2));
  // 64 slots on 48 servers: some have two.
  CHECK(AppliedFloats(shape, SeedDistinct, {PlanMode::kPs, 48, 2, 4}) == Approx(floats * 2 / 64));
  // Servers without slots do nothing.
  CHECK(AppliedFloats(shape, SeedDistinct, {PlanMode::kPs, 128, 2, 4}) == Approx(floats / 64));
  CHECK(AppliedByWorker(shape, SeedDistinct, {PlanMode::kReplicated, 0, 2, 4}) == Approx(floats));
  CHECK(AppliedByWorker(shape, SeedDistinct, {PlanMode::kDense, 0, 2, 4}) == 80656435);
}

}  // namespace
}  // namespace pumasi
