#include "scheduler/cluster.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/error_detail.h"
#include "tests/scheduler/small_cluster.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

TEST_CASE("Jobs run one at a time, in the order in which they came") {
  SmallCluster c;
  REQUIRE(c.Submit("a").ok());
  REQUIRE(c.Submit("b").ok());
  REQUIRE(c.Submit("c").ok());
  CHECK(c.Job("a").Status(At(0)).message().find("waits for nodes: 0 of 1 servers") == 0);
  CHECK(c.Job("b").Status(At(0)).message() == "waits for the job before it");
  c.Join();
  CHECK(c.Job("a").state() == v1::PREPARING);
  CHECK(c.Job("b").state() == v1::QUEUED);
  CHECK(c.AssignmentsOf(2) == std::vector<std::string>{"a"});
  c.Job("a").Cancel(At(1));
  c.cluster.JobChanged(At(1));
  CHECK(c.Job("b").state() == v1::PREPARING);
  CHECK(c.Job("c").state() == v1::QUEUED);
  CHECK(c.AssignmentsOf(2) == std::vector<std::string>{"b"});
  // One that waits may be cancelled, and is passed over.
  c.Job("c").Cancel(At(1));
  c.Job("b").Fail("for a test", At(1));
  c.cluster.JobChanged(At(1));
  REQUIRE(c.Submit("d").ok());
  CHECK(c.Job("d").state() == v1::PREPARING);
  std::vector<std::string> order;
  for (const JobRun* job : c.cluster.jobs()) order.push_back(job->id());
  CHECK(order == std::vector<std::string>{"a", "b", "c", "d"});
}

TEST_CASE("The same submission twice makes one job") {
  SmallCluster c;
  CHECK(*c.Submit("a", "request-1") == "a");
  CHECK(*c.Submit("b", "request-1") == "a");
  CHECK(*c.Submit("c", "request-2") == "c");
  CHECK(c.cluster.jobs().size() == 2);
  // Without an id nobody can tell that it was the same.
  CHECK(*c.Submit("d") == "d");
  CHECK(*c.Submit("e") == "e");
}

TEST_CASE("Ended jobs are forgotten when there are too many; waiting ones never are") {
  SmallCluster c(3);
  c.Join();
  REQUIRE(c.Submit("a", "request-a").ok());
  REQUIRE(c.Submit("b").ok());
  REQUIRE(c.Submit("c").ok());
  CHECK(absl::IsResourceExhausted(c.Submit("d").status()));
  c.Job("b").Cancel(At(1));
  CHECK(c.Submit("d").ok());
  CHECK(ReasonOf(c.cluster.Find("b").status()) == D::UNKNOWN_JOB);
  CHECK(c.cluster.Find("a").ok());
  CHECK(absl::IsResourceExhausted(c.Submit("e").status()));
  c.Job("a").Cancel(At(1));
  // The same submission is still known, as long as its job is.
  CHECK(*c.Submit("f", "request-a") == "a");
  CHECK(*c.Submit("e") == "e");
  CHECK(absl::IsResourceExhausted(c.Submit("g", "request-a").status()));
}

TEST_CASE("Nodes of a job are told that it has ended; people still find it") {
  SmallCluster c;
  c.Join();
  REQUIRE(c.Submit("a").ok());
  CHECK(c.cluster.Running("a").ok());
  c.Job("a").Cancel(At(1));
  CHECK(c.cluster.Find("a").ok());
  CHECK(ReasonOf(c.cluster.Running("a").status()) == D::UNKNOWN_JOB);
  CHECK(ReasonOf(c.cluster.Running("nobody").status()) == D::UNKNOWN_JOB);
}

TEST_CASE("A heartbeat is answered when the assignments changed, and only then") {
  SmallCluster c;
  c.Join();
  auto first = c.cluster.Assignments(2, 0, At(0));
  REQUIRE(first.ok());
  REQUIRE(first->has_value());
  CHECK((*first)->assignments().empty());
  uint64_t seen = (*first)->change();
  const auto changed = [&] {
    auto answer = c.cluster.Assignments(2, seen, At(1));
    REQUIRE(answer.ok());
    if (!answer->has_value()) return false;
    CHECK((*answer)->change() > seen);
    seen = (*answer)->change();
    return true;
  };
  CHECK_FALSE(changed());
  REQUIRE(c.Submit("a").ok());
  CHECK(changed());
  CHECK_FALSE(changed());
  // What changes a status, but no node's work, wakes nobody.
  c.Prepare("a");
  c.cluster.JobChanged(At(1));
  CHECK_FALSE(changed());
  c.Job("a").AssetsUploaded(At(1));
  CHECK(changed());
  REQUIRE(c.cluster.Register(Node("w2", v1::ROLE_WORKER, 3), At(1)).ok());
  CHECK(changed());
  c.cluster.Tick(At(2));
  CHECK_FALSE(changed());
  c.Job("a").Cancel(At(2));
  CHECK(changed());
}

TEST_CASE("Forgetting a job never brings back a change number that was seen") {
  SmallCluster c(2);
  c.Join();
  uint64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string id = "job-" + std::to_string(i);
    REQUIRE(c.Submit(id).ok());
    CHECK(c.cluster.AssignmentChange() > last);
    last = c.cluster.AssignmentChange();
    c.Job(id).Cancel(At(1));
    c.cluster.JobChanged(At(1));
    CHECK(c.cluster.AssignmentChange() > last);
    last = c.cluster.AssignmentChange();
  }
}

TEST_CASE("A node that is not alive gets no assignments, but the news") {
  SmallCluster c;
  c.Join();
  // Of one that nobody has heard of nothing bad is known: it may register.
  CHECK(ReasonOf(c.cluster.Assignments(77, 0, At(0)).status()) == D::UNKNOWN_INCARNATION);
  // (All at once: it might be the scheduler that is cut off.)
  CHECK(c.cluster.Tick(At(29)).empty());
  CHECK(c.cluster.Tick(At(30)).size() == 2);
  CHECK(ReasonOf(c.cluster.Assignments(2, 0, At(30)).status()) == D::STALE_INCARNATION);
}

TEST_CASE("A server that falls silent is noticed when the clock says so, and its job waits for another") {
  SmallCluster c;
  c.Join();
  REQUIRE(c.Submit("a").ok());
  REQUIRE(c.Submit("b").ok());
  c.Train("a");
  REQUIRE(c.cluster.Renew(2, At(1)).ok());
  REQUIRE(c.cluster.Renew(2, At(2)).ok());
  CHECK(c.cluster.NextDeadline(At(2.9)) == At(3));
  CHECK(c.cluster.Tick(At(2.9)).empty());
  CHECK(c.Job("a").state() == v1::TRAINING);
  const auto deaths = c.cluster.Tick(At(3));
  REQUIRE(deaths.size() == 1);
  CHECK(deaths[0].node.name() == "s1");
  CHECK(c.Job("a").state() == v1::RECOVERING);
  CHECK(c.Job("a").Status(At(3)).message().find("server s1 at s1:1 died (silent for 3.0 s)") == 0);
  CHECK(c.Job("b").Status(At(3)).message() == "waits for the job before it");
  REQUIRE(c.cluster.Register(Node("s2", v1::ROLE_SERVER, 5), At(3)).ok());
  CHECK(c.Job("a").state() == v1::ALLOCATING);
}

TEST_CASE("Deadlines of jobs are looked at even if no node is about to die") {
  SmallCluster c;
  CHECK(c.cluster.NextDeadline(At(10)) > At(10));
  CHECK(c.cluster.NextDeadline(At(10)) <= At(11));
}

TEST_CASE("The list of nodes shows the living with their jobs, and the dead with the reason") {
  SmallCluster c;
  c.Join();
  REQUIRE(c.cluster.Register(Node("w2", v1::ROLE_WORKER, 3), At(0)).ok());
  REQUIRE(c.cluster.Register(Node("w3", v1::ROLE_WORKER, 4), At(0)).ok());
  REQUIRE(c.Submit("a").ok());
  c.cluster.Leave(3, At(1));
  c.cluster.Leave(4, At(1));
  c.cluster.Tick(At(1));
  REQUIRE(c.cluster.Register(Node("w3", v1::ROLE_WORKER, 6), At(2)).ok());
  const auto nodes = c.cluster.Nodes(At(2));
  REQUIRE(nodes.size() == 4);
  CHECK(nodes[0].node().name() == "s1");
  CHECK(nodes[0].alive());
  CHECK(nodes[0].jobs(0) == "a");
  CHECK(nodes[0].silent_seconds() == 2);
  CHECK(nodes[1].node().name() == "w1");
  CHECK(nodes[2].node().name() == "w3");
  CHECK(nodes[2].alive());
  CHECK(nodes[3].node().name() == "w2");
  CHECK_FALSE(nodes[3].alive());
  CHECK(nodes[3].note() == "left");
  CHECK(nodes[3].silent_seconds() == 1);
}

TEST_CASE("Checkpoints to complete come with their job's id") {
  SmallCluster c;
  c.Join();
  REQUIRE(c.Submit("a").ok());
  c.Train("a");
  CHECK_FALSE(c.cluster.TakeCheckpoint().has_value());
  c.Work("a", 3);
  v1::ReportShardSavedRequest saved;
  saved.set_incarnation(1);
  saved.set_version(3);
  saved.set_layout_epoch(1);
  saved.set_folder(".checkpoint-000000003-g0.tmp");
  REQUIRE(c.Job("a").ShardSaved(saved, At(1)).ok());
  const auto next = c.cluster.TakeCheckpoint();
  REQUIRE(next.has_value());
  CHECK(next->first == "a");
  CHECK(next->second.name == "checkpoint-000000003");
  CHECK_FALSE(c.cluster.TakeCheckpoint().has_value());
}

TEST_CASE("Lease tokens grow over all jobs") {
  SmallCluster c;
  c.Join();
  uint64_t last = 0;
  for (const std::string id : {"a", "b"}) {
    REQUIRE(c.Submit(id).ok());
    c.Train(id);
    JobRun& job = c.Job(id);
    const auto leases = c.cluster.Lease(job, 2, 2, At(1));
    REQUIRE(leases->leases_size() == 2);
    for (const v1::Lease& lease : leases->leases()) {
      CHECK(lease.token() > last);
      last = lease.token();
    }
    job.Cancel(At(1));
    c.cluster.JobChanged(At(1));
  }
}

TEST_CASE("Only a node that lives can be drained; the wish can be taken back, also when it has died") {
  SmallCluster c;
  c.Join();
  CHECK(absl::IsNotFound(c.cluster.Drain("w9", false, At(0))));
  REQUIRE(c.cluster.Drain("w1", false, At(0)).ok());
  CHECK(c.cluster.Nodes(At(0))[1].draining());
  CHECK(c.cluster.Nodes(At(0))[1].drained());
  REQUIRE(c.Submit("a").ok());
  CHECK(c.Job("a").Status(At(0)).message().find("waits for nodes: 1 of 1 servers and 0 of 1 workers") == 0);
  c.cluster.Leave(2, At(0));
  REQUIRE(c.cluster.Drain("w1", true, At(0)).ok());
  CHECK(absl::IsNotFound(c.cluster.Drain("w1", true, At(0))));
  REQUIRE(c.cluster.Register(Node("w1", v1::ROLE_WORKER, 9), At(0)).ok());
  CHECK(c.Job("a").state() == v1::PREPARING);
}

}  // namespace
}  // namespace pumasi
