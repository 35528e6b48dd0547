// What a cluster keeps in its store, and what becomes of it where the store fails or another scheduler goes on.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/error_detail.h"
#include "scheduler/cluster.h"
#include "scheduler/memory_store.h"
#include "tests/scheduler/small_cluster.h"

namespace pumasi {
namespace {

// A store that can be told to fail.
struct FailingStore : MemoryStore {
  bool fails = false;
  std::vector<Durability> commits;
  absl::Status Commit(const StoreBatch& batch, Durability durability) override {
    if (fails) return absl::ResourceExhaustedError("No space left on device");
    commits.push_back(durability);
    return MemoryStore::Commit(batch, durability);
  }
};

void Commit(SmallCluster& c, FailingStore& store) {
  c.cluster.JobChanged(At(1));
  if (auto commit = c.cluster.TakeCommit(At(1))) {
    c.cluster.CommitDone(store.Commit(commit->batch, commit->durability), At(1));
  }
}

TEST_CASE("Promises survive a power loss; how far training is survives the process") {
  SmallCluster c;
  FailingStore store;
  c.Join();
  REQUIRE(c.Submit("a").ok());
  c.Train("a");
  Commit(c, store);
  CHECK(store.commits == std::vector<Durability>{Durability::kSynced});
  Commit(c, store);
  CHECK(store.commits.size() == 1);
  // The first lease promises a block of tokens, the others lie in it.
  REQUIRE(c.cluster.Lease(c.Job("a"), 2, 1, At(1))->leases_size() == 1);
  Commit(c, store);
  CHECK(store.commits.back() == Durability::kSynced);
  c.Work("a", 2);
  Commit(c, store);
  CHECK(store.commits.back() == Durability::kOrdered);
}

TEST_CASE("While the store fails nodes hear of nothing new and get no leases; results are taken, with a warning") {
  SmallCluster c;
  FailingStore store;
  c.Join();
  REQUIRE(c.Submit("a").ok());
  c.Train("a");
  Commit(c, store);
  const auto leases = c.cluster.Lease(c.Job("a"), 2, 1, At(1));
  Commit(c, store);
  store.fails = true;
  // What is only progress goes on.
  v1::LeaseUnitsRequest request;
  request.set_incarnation(2);
  v1::UnitDone* done = request.add_done();
  done->set_kind(v1::TRAIN);
  for (uint32_t part = 0; part < 2; ++part) done->add_parts()->set_part(part);
  REQUIRE(c.Job("a").TakeResults(request, At(1)).ok());
  Commit(c, store);
  CHECK(c.cluster.durable());
  CHECK(c.Job("a").Status(At(1)).progress().version() == 1);
  REQUIRE(c.Job("a").Status(At(1)).warnings_size() == 1);
  CHECK(c.Job("a").Status(At(1)).warnings(0).find("No space left on device") != std::string::npos);
  // A layout is a promise.
  REQUIRE(c.cluster.Register(Node("s2", v1::ROLE_SERVER, 5), At(1)).ok());
  Commit(c, store);
  CHECK_FALSE(c.cluster.durable());
  CHECK_FALSE(c.cluster.Assignments(1, 0, At(1))->has_value());
  CHECK(c.cluster.Lease(c.Job("a"), 2, 9, At(1))->leases().empty());
  // So is an error that follows from it: the next scheduler may know nothing of it. One in the question is none.
  const absl::Status of_state = DetailedError(v1::ErrorDetail::UNKNOWN_JOB, "job a has ended");
  const absl::Status of_question = absl::InvalidArgumentError("no such optimizer");
  CHECK_FALSE(c.cluster.MayTell(absl::OkStatus()));
  CHECK_FALSE(c.cluster.MayTell(of_state));
  CHECK(c.cluster.MayTell(of_question));
  store.fails = false;
  Commit(c, store);
  CHECK(c.cluster.durable());
  CHECK(c.cluster.MayTell(absl::OkStatus()));
  CHECK(c.cluster.MayTell(of_state));
  CHECK((*c.cluster.Assignments(1, 0, At(1)))->assignments(0).layout().servers_size() == 2);
  // All that was not stored is.
  Cluster next({{absl::Seconds(3), absl::Milliseconds(500)}, 100});
  REQUIRE(next.Restore(*store.List(""), At(1)).ok());
  CHECK((*next.Find("a"))->Status(At(1)).progress().version() == 1);
  CHECK((*next.Find("a"))->layout().servers_size() == 2);
}

TEST_CASE("After a restart nobody dies before a lease has passed, tokens and change numbers only grow") {
  SmallCluster c;
  FailingStore store;
  c.Join();
  REQUIRE(c.Submit("a", "request").ok());
  c.Train("a");
  const uint64_t token = c.cluster.Lease(c.Job("a"), 2, 1, At(1))->leases(0).token();
  Commit(c, store);
  Cluster next({{absl::Seconds(3), absl::Milliseconds(500)}, 100});
  REQUIRE(next.Restore(*store.List(""), At(100)).ok());
  CHECK_FALSE(next.durable());
  const auto commit = next.TakeCommit(At(100));
  REQUIRE(commit);
  CHECK(commit->durability == Durability::kSynced);
  next.CommitDone(store.Commit(commit->batch, commit->durability), At(100));
  CHECK(next.AssignmentChange() > c.cluster.AssignmentChange());
  next.Disconnected(1, At(100));
  CHECK(next.Tick(At(102.9)).empty());
  REQUIRE(next.Renew(2, At(102.9)).ok());
  CHECK(next.Tick(At(103)).size() == 1);
  CHECK(next.Lease(**next.Find("a"), 2, 9, At(103))->leases_size() == 0);
  REQUIRE(next.Register(Node("s2", v1::ROLE_SERVER, 5), At(103)).ok());
  JobRun::Spec again = SmallJobSpec();
  again.job_id = "z";
  again.request.set_request_id("request");
  CHECK(*next.Submit(again, At(103)) == "a");
  JobRun& job = **next.Find("a");
  v1::ReportReadyRequest ready;
  ready.set_incarnation(5);
  ready.set_layout_epoch(job.layout().epoch());
  REQUIRE(job.ServerReady(ready, At(103)).ok());
  const auto next_commit = next.TakeCommit(At(103));
  next.CommitDone(store.Commit(next_commit->batch, next_commit->durability), At(103));
  CHECK(next.Lease(job, 2, 1, At(103))->leases(0).token() > token);
}

TEST_CASE("A record that can't be read is named") {
  SmallCluster c;
  FailingStore store;
  c.Join();
  REQUIRE(c.Submit("a").ok());
  Commit(c, store);
  auto entries = *store.List("");
  for (StoreEntry& entry : entries) {
    if (entry.key == "job/a/state") entry.value = "\xff\xff";
  }
  const absl::Status status = Cluster({{absl::Seconds(3), absl::Milliseconds(500)}, 100}).Restore(entries, At(0));
  CHECK(absl::IsDataLoss(status));
  CHECK(status.message() == "the scheduler's store: record job/a/state is damaged");
}

TEST_CASE("A forgotten job leaves nothing in the store, and is named so that its files can go, too") {
  SmallCluster c(1);
  FailingStore store;
  c.Join();
  REQUIRE(c.Submit("a").ok());
  c.Train("a");
  c.Work("a", 1);
  Commit(c, store);
  CHECK(store.List("audit/a/")->size() == 1);
  c.Job("a").Cancel(At(1));
  Commit(c, store);
  REQUIRE(c.Submit("b").ok());
  Commit(c, store);
  CHECK(store.List("job/a/")->empty());
  CHECK(c.cluster.TakeForgotten() == std::vector<std::string>{"a"});
  CHECK(c.cluster.TakeForgotten().empty());
}

}  // namespace
}  // namespace pumasi
