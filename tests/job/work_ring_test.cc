// Units of a job whose gradients a ring sums: a push ends when all have the batch.
#include <algorithm>
#include <catch2/catch.hpp>

#include "common/error_detail.h"
#include "tests/job/work_story.h"

namespace pumasi {
namespace {

using Lines = WorkStory::Lines;

// Workers 11 and 12, and 13 if there are three, hold all slots; this is 11.
class RingStory : public WorkStory {
 public:
  RingStory() {
    v1::Job& job = *assignment.mutable_job();
    job.set_mode(v1::MODE_ALLREDUCE);
    job.mutable_allreduce()->set_state(v1::ALLREDUCE_STATE_REPLICATED);
    job.mutable_allreduce()->set_reduction(v1::REDUCTION_RING);
    Members(1, {11, 12});
  }

  void Members(uint64_t epoch, const std::vector<uint64_t>& members) {
    v1::Layout& layout = *assignment.mutable_layout();
    layout.Clear();
    layout.set_epoch(epoch);
    for (const uint64_t member : members) {
      layout.add_replicas(layout.servers_size());
      layout.add_servers()->set_incarnation(member);
    }
    for (int slot = 0; slot < 4; ++slot) layout.add_slot_owner(0);
    Assign();
  }

  void Ready(uint64_t unit) {
    Read(unit);
    for (uint32_t server = 0; server < 2; ++server) Pulled(unit, server);
    Computed(unit);
  }
};

TEST_CASE("All units of a batch are pushed at a time, and wait for each other as long as it takes") {
  RingStory s;
  s.Lease({{3, 0, 1}, {3, 1, 2}, {4, 0, 1}});
  for (const uint64_t unit : {1, 2, 3}) s.Ready(unit);
  const Lines did = s.Did();
  for (const char* push : {"push 1 to 0,1", "push 2 to 0,1", "push 3 to 0,1"}) {
    CHECK(std::count(did.begin(), did.end(), push) == 1);
  }
  s.NoLease();
  s.Wait(absl::Seconds(100));
  CHECK(s.core.units() == 3);
  for (const uint32_t server : {0, 1}) s.Pushed(1, server);
  CHECK(s.core.units() == 2);
}

TEST_CASE(
    "Under a new layout the worker gives back what is not its share any more, but what the ring may have summed") {
  RingStory s;
  s.Lease({{3, 0, 1}, {3, 1, 2}, {4, 1, 2}});
  s.Ready(2);
  s.Did();
  // Of 4 parts and 3 members part 0 is this one's.
  s.Members(2, {11, 12, 13});
  CHECK(s.core.units() == 2);
  const Lines did = s.Did();
  CHECK(std::count(did.begin(), did.end(), "drop 3") == 1);
  CHECK(std::count(did.begin(), did.end(), "push 2 to 0,1,2") == 1);
  // The ring says what becomes of it.
  s.Pushed(2, 0, DetailedError(v1::ErrorDetail::STALE_LEASE, "another worker's"));
  CHECK(s.core.units() == 1);
}

TEST_CASE("Without a scheduler a member of a ring computes its share of the layout's") {
  RingStory s;
  s.assignment.clear_sharing();
  s.Assign();
  s.Lease({{3, 0, 2}});
  s.Ready(1);
  s.NoLease(absl::UnavailableError("connection refused"));
  for (const uint32_t server : {0, 1}) s.Pushed(1, server);
  s.Reported(absl::UnavailableError("connection refused"));
  s.Wait(absl::Milliseconds(1500));
  CHECK(s.core.alone());
  const Lines did = s.Did();
  CHECK(std::count(did.begin(), did.end(), "read 2: v4 [0,1)") == 1);
  CHECK(std::count(did.begin(), did.end(), "read 3: v4 [1,2)") == 1);
}

}  // namespace
}  // namespace pumasi
