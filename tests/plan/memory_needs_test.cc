#include "tools/plan/memory_needs.h"

#include "tests/plan/some_input.h"

namespace pumasi {
namespace {

constexpr double kDaemon = 28e6;

TEST_CASE("A server holds the rows that exist, with their slots, and the batch's") {
  const JobShape shape = Seed80m();
  const double all = MemoryOf(shape, SeedDistinct, 50, {PlanMode::kPs, 1, 1, 1}).server - kDaemon;
  // 90,512 rows of 300 floats and 578,335 floats of tensors, three times over with Adam: 326 MB and 7 MB.
  const double tables = (90512.0 * 300 + 578335) * 3 * 4;
  CHECK(all > tables);
  // Entries of rows, old values, gradients and messages besides: less than a tenth here.
  CHECK(all < 1.1 * tables);
  const double half = MemoryOf(shape, SeedDistinct, 50, {PlanMode::kPs, 2, 1, 1}).server - kDaemon;
  CHECK(half == Approx(all / 2).epsilon(0.01));
}

TEST_CASE("Two copies take twice as much") {
  const double one = MemoryOf(Seed80m(), SeedDistinct, 50, {PlanMode::kPs, 2, 1, 1}).server - kDaemon;
  const double two = MemoryOf(Seed80m("replicas: 2"), SeedDistinct, 50, {PlanMode::kPs, 2, 1, 1}).server - kDaemon;
  CHECK(two == Approx(2 * one).epsilon(0.02));
}

TEST_CASE("In allreduce workers hold what servers would: a share, or all of it") {
  const JobShape shape = Seed80m();
  const auto worker = [&](PlanMode mode, uint32_t workers) {
    return MemoryOf(shape, SeedDistinct, 50, {mode, 1, workers, 4}).worker;
  };
  const double bare = worker(PlanMode::kPs, 2), tables = (90512.0 * 300 + 578335) * 3 * 4;
  // Messages and the batch besides.
  CHECK(worker(PlanMode::kSharded, 2) - bare == Approx(tables / 2).epsilon(0.15));
  CHECK(worker(PlanMode::kReplicated, 2) - bare == Approx(tables).epsilon(0.1));
  // All 266,927 rows, and their gradients and old values.
  CHECK(worker(PlanMode::kDense, 2) > 80656435.0 * 5 * 4);
  CHECK(MemoryOf(shape, SeedDistinct, 50, {PlanMode::kSharded, 0, 2, 4}).server == 0);
  CHECK(worker(PlanMode::kHybrid, 2) < worker(PlanMode::kReplicated, 2));
}

TEST_CASE("Larger parts need more of a worker") {
  const JobShape shape = Seed80m();
  CHECK(MemoryOf(shape, SeedDistinct, 50, {PlanMode::kPs, 1, 1, 1}).worker >
        MemoryOf(shape, SeedDistinct, 50, {PlanMode::kPs, 1, 1, 64}).worker);
}

}  // namespace
}  // namespace pumasi
