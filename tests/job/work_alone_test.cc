// Work without a scheduler.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <utility>
#include <vector>

#include "tests/job/work_story.h"
#include "worker/job/own_share.h"
#include "worker/job/work_core.h"

namespace pumasi {
namespace {

using Lines = WorkStory::Lines;
using D = v1::ErrorDetail;

const absl::Status kNoAnswer = absl::UnavailableError("connection refused");

TEST_CASE("Without a scheduler the worker does its share by itself, and tells it all later") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.NoLease(kNoAnswer);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  CHECK(s.Did() == Lines{"drop 1", "report 1:v3[0,1)"});
  s.Reported(kNoAnswer);
  s.Wait(absl::Milliseconds(900));
  for (const std::string& line : s.Did()) CHECK((line == "lease 1 more" || line == "report 1:v3[0,1)"));
  CHECK_FALSE(s.core.alone());
  s.NoLease(kNoAnswer);
  s.Reported(kNoAnswer);
  s.Wait(absl::Milliseconds(150));
  CHECK(s.core.alone());
  // Of 4 parts the first two are this worker's; part 0 of batch 3 it has done.
  CHECK(s.Did() == Lines{"lease 1 more", "report 1:v3[0,1)", "read 2: v3 [1,2)", "read 3: v4 [0,1)"});
  s.UpToPush(2);
  s.Pushed(2, 0);
  s.Pushed(2, 1);
  s.Wait(absl::Seconds(1));
  s.Did();
  // The scheduler is back: it is told, and asked for more.
  s.Reported();
  s.Wait(absl::Seconds(1));
  const Lines did = s.Did();
  CHECK(std::count(did.begin(), did.end(), "report 0:v3[1,2) own v4[0,1) v4[1,2) v5[0,1) v5[1,2)") == 1);
  CHECK_FALSE(s.core.alone());
}

TEST_CASE("Without a scheduler the worker stops at the end of the epoch") {
  WorkStory s;
  s.Assign();
  s.Lease({{8, 0, 2}});
  s.UpToPush(1);
  s.NoLease(kNoAnswer);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  s.Reported(kNoAnswer);
  s.Wait(absl::Seconds(1));
  s.NoLease(kNoAnswer);
  s.Reported(kNoAnswer);
  s.Did();
  for (int round = 0; round < 3; ++round) {
    s.Wait(absl::Seconds(1));
    for (const uint64_t unit : {2, 3}) s.UpToPush(unit), s.Pushed(unit, 0), s.Pushed(unit, 1);
  }
  CHECK(s.core.alone());
  CHECK(s.core.units() == 0);
  CHECK(s.core.unreported() == 3);
}

TEST_CASE("The shares of all workers are all parts, each once, whoever has done what before") {
  for (uint32_t parts = 1; parts <= 9; ++parts) {
    for (uint64_t count = 1; count <= 11; ++count) {
      CAPTURE(parts, count);
      const BatchPlan plan = {100, 10, parts};
      std::vector<uint64_t> workers;
      for (uint64_t worker = 1; worker <= count; ++worker) workers.push_back(worker * 7);
      v1::Lease lease;
      lease.set_kind(v1::TRAIN);
      lease.set_epoch(1);
      lease.set_version(13);
      lease.set_batch(3);
      std::map<std::pair<uint64_t, uint32_t>, int> times;
      for (const uint64_t worker : workers) {
        OwnShare share;
        share.SetWorkers(workers, worker, plan);
        share.Leased(lease);
        share.Applied(17);
        while (const auto next = share.Next()) {
          CHECK(next->token() == 0);
          CHECK(next->batch() == next->version() - 10);
          REQUIRE(next->end_part() == next->first_part() + 1);
          ++times[{next->version(), next->first_part()}];
          share.Has(next->version(), {next->first_part(), next->end_part()});
        }
      }
      CHECK(times.size() == 3 * parts);  // batches 17 to 19, the epoch's last
      for (const auto& [part, often] : times) CHECK(often == 1);
    }
  }
}

TEST_CASE("Where updates may be missing a worker alone goes so many batches further") {
  v1::Lease lease;
  lease.set_kind(v1::TRAIN);
  for (const uint64_t staleness : {0, 3}) {
    OwnShare share;
    share.SetWorkers({7}, 7, {1000, 10, 1}, staleness);
    share.Leased(lease);
    share.Applied(5);
    uint64_t last = 0;
    while (const auto next = share.Next()) {
      last = next->version();
      share.Has(last, {0, 1});
    }
    CHECK(last == 5 + 3 + staleness);
  }
}

TEST_CASE("A scheduler that cannot make its state durable is none") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  s.Reported(Refusal(D::NOT_DURABLE));
  s.NoLease(Refusal(D::NOT_DURABLE));
  s.Wait(absl::Seconds(2));
  CHECK(s.core.alone());
  CHECK(s.core.unreported() == 1);
}

TEST_CASE("A call that ran into its deadline was silence from its beginning on") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  s.Reported();
  s.Wait(absl::Seconds(5));
  s.NoLease(absl::DeadlineExceededError("late"));
  CHECK(s.core.alone());
}

TEST_CASE("Leased units that wait for others do not keep a worker from its share") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}, {4, 0, 2}});
  s.UpToPush(1);
  s.Read(2);
  s.NoLease(kNoAnswer);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  s.Reported(kNoAnswer);
  s.Did();
  s.Wait(absl::Seconds(2));
  CHECK(s.core.alone());
  const Lines did = s.Did();
  // Batch 4 it holds already.
  CHECK(std::count(did.begin(), did.end(), "read 3: v3 [1,2)") == 1);
  CHECK(std::count(did.begin(), did.end(), "read 4: v5 [0,1)") == 1);
}

TEST_CASE("A worker that waited too long for its parts goes on where the servers are") {
  WorkStory s;
  s.Assign();
  s.Lease({{1, 0, 1}});
  s.UpToPush(1);
  s.NoLease(kNoAnswer);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  s.Reported(kNoAnswer);
  s.Wait(absl::Seconds(2));
  s.Did();
  s.Read(2);
  s.Pulled(2, 0, Refusal(D::TOO_LATE, 7));
  CHECK(s.core.unreported() == 1);  // nothing about that part: whoever did it will tell
  s.Read(3);
  s.Pulled(3, 0, Refusal(D::TOO_LATE, 7));
  s.Did();
  s.Read(4);
  CHECK(s.Did().front() == "read 6: v6 [0,1)");
}

TEST_CASE("A worker that never had a lease, or is none of the job's, waits for the scheduler") {
  for (const bool leased : {false, true}) {
    WorkStory s;
    if (leased) s.assignment.set_sharing(0, 13);
    s.Assign();
    if (leased) {
      s.Lease({{3, 0, 1}});
      s.UpToPush(1);
      s.Pushed(1, 0);
      s.Pushed(1, 1);
      s.Reported(kNoAnswer);
    }
    s.NoLease(kNoAnswer);
    s.Did();
    s.Wait(absl::Seconds(100));
    for (const std::string& line : s.Did()) CHECK(line.substr(0, 4) != "read");
  }
}

TEST_CASE("Results wait for the scheduler in a bounded number") {
  WorkStory s;
  WorkCore core({.job_id = "job", .incarnation = 11, .seed = 1, .most_results = 3});
  core.SetAssignment(s.assignment, s.now);
  v1::LeaseUnitsResponse response;
  v1::Lease* lease = response.add_leases();
  lease->set_token(1);
  lease->set_kind(v1::TRAIN);
  lease->set_end_part(1);
  absl::Duration now;
  core.LeaseAnswer(response, now);
  for (int i = 0; i < 2000; ++i) {
    now += absl::Milliseconds(10);
    core.Tick(now);
    for (const WorkEffect& effect : core.TakeEffects()) {
      if (const auto* read = std::get_if<Read>(&effect)) core.ReadDone(read->unit, absl::OkStatus(), now);
      if (const auto* compute = std::get_if<Compute>(&effect)) core.ComputeDone(compute->unit, v1::UnitDone(), now);
      if (const auto* pull = std::get_if<Pull>(&effect)) {
        for (const uint32_t server : pull->servers) {
          core.PullAnswer(pull->unit, pull->attempt, server, absl::OkStatus(), now);
        }
      }
      if (const auto* push = std::get_if<Push>(&effect)) {
        for (const uint32_t server : push->servers) {
          core.PushAnswer(push->unit, push->attempt, server, absl::OkStatus(), v1::PushResponse::ACCEPTED, now);
        }
      }
      if (std::get_if<CallLease>(&effect) != nullptr) core.LeaseAnswer(kNoAnswer, now);
      if (const auto* report = std::get_if<Report>(&effect)) core.ReportAnswer(report->id, kNoAnswer, now);
    }
  }
  CHECK(core.alone());
  CHECK(core.units() == 0);
  CHECK(core.unreported() == 3);
}

// Tells batch 3's first part, and works alone on two others.
WorkStory AloneStory() {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.NoLease(kNoAnswer);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  s.Reported(kNoAnswer);
  s.Wait(absl::Seconds(2));
  s.NoLease(kNoAnswer);
  s.Reported(kNoAnswer);
  s.Wait(absl::Seconds(1));
  s.Did();
  return s;
}

TEST_CASE("A scheduler that is back hears what is done and what is under way, before it is asked for more") {
  WorkStory s = AloneStory();
  REQUIRE(s.core.alone());
  s.Reported(kNoAnswer);
  s.Wait(absl::Milliseconds(200));
  CHECK(s.Did() == Lines{"report 1:v3[0,1) own v3[1,2) v4[0,1) v4[1,2) v5[0,1) more"});
  s.UpToPush(2);
  s.Pushed(2, 0);
  s.Pushed(2, 1);
  s.Did();
  // Meanwhile it has begun other parts: the scheduler hears of them with the next call, and asks nobody else to do
  // them.
  s.Reported();
  CHECK_FALSE(s.core.alone());
  CHECK(s.Did() == Lines{"report 0:v3[1,2) own v4[0,1) v4[1,2) v5[0,1) v5[1,2)",
                         "lease own v4[0,1) v4[1,2) v5[0,1) v5[1,2) more"});
  s.Reported();
  s.NoLease();
  s.Wait(absl::Milliseconds(300));
  const Lines did = s.Did();
  REQUIRE(std::count(did.begin(), did.end(), "lease own v4[0,1) v4[1,2) v5[0,1) v5[1,2)") == 1);
  for (const std::string& line : did) CHECK(line.substr(0, 6) != "report");
}

TEST_CASE("A scheduler that comes back while nothing is to be told hears that, too") {
  WorkStory s;
  s.Assign();
  s.Lease({{8, 0, 2}});
  s.UpToPush(1);
  s.NoLease(kNoAnswer);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  s.Reported();
  s.Did();
  s.Wait(absl::Milliseconds(100));
  s.NoLease(kNoAnswer);
  s.Wait(absl::Seconds(2));
  REQUIRE(s.core.alone());
  Lines did = s.Did();
  CHECK(std::count(did.begin(), did.end(), "report own v9[0,1) v9[1,2) more") == 1);
  s.Reported();
  CHECK_FALSE(s.core.alone());
  did = s.Did();
  CHECK(did == Lines{"report own v9[0,1) v9[1,2)"});
  s.Reported();
  CHECK(s.Did().empty());
  s.NoLease();
  CHECK(s.Did() == Lines{"lease own v9[0,1) v9[1,2)"});
}

TEST_CASE("Calls to a scheduler that is away come several times a second") {
  WorkStory s;
  s.Assign();
  CHECK(s.Did() == Lines{"lease"});
  int calls = 0;
  for (int i = 0; i < 1000; ++i) {
    s.NoLease(kNoAnswer);
    s.Wait(absl::Milliseconds(10));
    for (const std::string& line : s.Did()) calls += line == "lease";
  }
  CHECK(calls >= 45);
  CHECK(calls <= 110);
}

TEST_CASE("Leased units that wait for others, also those behind them, do not keep a worker from its share") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}, {4, 0, 1}, {5, 0, 1}, {6, 0, 1}, {7, 0, 1}});
  s.UpToPush(1);
  for (const uint64_t unit : {2, 3, 4, 5}) s.Read(unit);
  s.NoLease(kNoAnswer);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  s.Reported(kNoAnswer);
  s.Wait(absl::Seconds(2));
  CHECK(s.core.alone());
  const Lines did = s.Did();
  CHECK(std::count(did.begin(), did.end(), "read 6: v3 [1,2)") == 1);
}

}  // namespace
}  // namespace pumasi
