// Stories of a scheduler that starts again while workers go on without one.
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

const char kTwoWorkers[] = R"(
  server s1
  worker w1
  worker w2
  w1 prepared
  w2 prepared
  assets
  s1 ready     => TRAINING
)";

// They say themselves when the scheduler starts again.
struct HearingStory : JobStory {
  template <typename... Args>
  explicit HearingStory(Args&&... args) : JobStory(std::forward<Args>(args)...) {
    restart_always = false;
  }
};

// Part `part` of batch `version`, computed without a lease.
v1::UnitDone Alone(uint64_t version, uint32_t part, bool known = true) {
  v1::UnitDone done;
  done.set_kind(v1::TRAIN);
  done.set_version(version);
  done.set_batch(version % 3);
  v1::PartResult* result = done.add_parts();
  result->set_part(part);
  result->set_samples(1);
  result->set_outcome_unknown(!known);
  return done;
}

absl::Status Tell(JobStory& story, const std::string& worker, const std::vector<v1::UnitDone>& results,
                  bool more = false) {
  v1::LeaseUnitsRequest request;
  request.set_incarnation(story.node(worker).incarnation());
  for (const v1::UnitDone& done : results) *request.add_done() = done;
  request.set_more_results(more);
  const absl::Status status = story.job().TakeResults(request, story.now());
  story.Commit();
  return status;
}

TEST_CASE("After a restart nothing is leased before every worker has told what it did") {
  HearingStory story;
  story.Play(kTwoWorkers);
  story.Play("restart unheard");
  const uint64_t before = story.job().work_change();
  story.Play("w1 asks 1 => nothing, TRAINING");
  REQUIRE(Tell(story, "w1", {Alone(0, 0), Alone(1, 0)}).ok());
  story.Play("w1 asks 1 => nothing, TRAINING");
  REQUIRE(Tell(story, "w2", {Alone(0, 1)}, /*more=*/true).ok());
  story.Play("w2 asks 1 => nothing, TRAINING");
  REQUIRE(Tell(story, "w2", {Alone(1, 1)}).ok());
  CHECK(story.job().work_change() > before);
  story.Play(R"(
    w2 asks 1    => train 0.2[0-0] at 2, TRAINING
    w1 asks 1    => train 0.2[1-1] at 2, TRAINING
  )");
  CHECK(story.job().Audit().repeated_results() == 0);
}

TEST_CASE("Who has not called after two seconds is not waited for", "[deadline]") {
  HearingStory story;
  story.Play(kTwoWorkers);
  story.Play("restart unheard");
  story.Calls("w1");
  CHECK(story.job().NextDeadline(story.now()) == story.now() + absl::Seconds(2));
  story.Play(R"(
    1.9 pass
    w1 asks 1    => nothing, TRAINING
    0.1 pass
    w1 asks 1    => train 0.0[0-0] at 0, TRAINING
  )");
}

TEST_CASE("Who dies is not waited for") {
  HearingStory story;
  story.Play(kTwoWorkers);
  story.Play("restart unheard");
  story.Calls("w1");
  story.Play(R"(
    w2 leaves
    w1 asks 1    => train 0.0[0-1] at 0, TRAINING
  )");
}

TEST_CASE("What a worker computes by itself is leased to nobody else, until it is done, dropped, or its worker dead") {
  for (const std::string end : {"done", "dropped", "dead"}) {
    CAPTURE(end);
    HearingStory story;
    story.Play(kTwoWorkers);
    story.Play("restart unheard");
    story.Calls("w1", {{0, 0, 1}, {1, 0, 1}});
    story.Calls("w2");
    story.Play("w2 asks 2 => train 0.0[1-1] at 0; train 0.1[1-1] at 1, TRAINING");
    // A call that has not told all says nothing about what it does not list.
    story.Calls("w1", {{1, 0, 1}}, /*more_results=*/true);
    story.Play("w2 done");
    CHECK(story.Status().progress().version() == 0);
    if (end == "done") {
      REQUIRE(Tell(story, "w1", {Alone(0, 0), Alone(1, 0)}).ok());
      CHECK(story.Status().progress().version() == 2);
    } else if (end == "dropped") {
      story.Calls("w1", {{1, 0, 1}});
      story.Play("w2 asks 1 => train 0.0[0-0] at 0, TRAINING");
    } else {
      story.Play("w1 leaves");
      story.Play("w2 asks 2 => train 0.0[0-0] at 0; train 0.1[0-0] at 1, TRAINING");
    }
  }
}

TEST_CASE("Of parts that one worker computed and another was too late for, the outcome is known") {
  HearingStory story;
  story.Play(kTwoWorkers);
  story.Play("restart unheard");
  REQUIRE(Tell(story, "w1", {Alone(0, 0, false), Alone(0, 1, false)}).ok());
  REQUIRE(Tell(story, "w2", {Alone(0, 1)}).ok());
  // Of part 0 nobody can tell.
  CHECK(story.Status().progress().version() == 1);
  CHECK(story.job().Audit().outcome_unknown() == 1);
  REQUIRE(story.Audited(0).units_size() == 2);
  CHECK(story.Audited(0).units(0).worker() == "w1");
  CHECK(story.Audited(0).units(1).worker() == "w2");
}

TEST_CASE("An evaluation waits for all workers, too; a job that recovers hears nobody") {
  HearingStory story(SmallJobSpec(), 5);
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 9
    w1 done      => EVALUATING
    restart unheard
    w1 asks 1    => nothing, EVALUATING
    s1 dies
    server s2
    s2 ready     => TRAINING
    w1 asks 1    => train 0.0[0-1] at 0, TRAINING
  )");
}

// Workers that take, do and tell units, each at its own pace; the scheduler is killed again and again, and away for a
// while. While it is away each goes on with its share, part by part.
TEST_CASE("Whenever the scheduler is killed, no part is computed twice, and no loss is unknown") {
  const uint64_t seed = GENERATE(range(1, 30));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  JobRun::Spec spec = SmallJobSpec();
  spec.request.mutable_job()->set_micro_batches(4);
  spec.request.mutable_job()->mutable_checkpoint()->set_every_batches(0);
  HearingStory story(spec);
  story.Play(R"(
    server s1
    worker w1
    worker w2
    w1 prepared 120
    w2 prepared 120
    assets
    s1 ready     => TRAINING
  )");
  using Part = std::pair<uint64_t, uint32_t>;
  struct Worker {
    std::string name;
    uint32_t first, end;  // its share
    std::vector<Part> held;
    std::set<Part> own;
    std::vector<v1::UnitDone> results;
  };
  std::vector<Worker> workers = {{"w1", 0, 2, {}, {}, {}}, {"w2", 2, 4, {}, {}, {}}};
  std::set<Part> computed;
  const auto done_before = [&](uint64_t version) {
    for (uint32_t part = 0; part < 4 && version > 0; ++part) {
      if (!computed.count({version - 1, part})) return false;
    }
    return true;
  };
  const auto compute = [&](Worker& worker) {
    for (const Part& part : worker.own) {
      if (!done_before(part.first)) continue;
      CHECK(computed.insert(part).second);
      worker.results.push_back(Alone(part.first, part.second));
      worker.own.erase(part);
      return;
    }
    for (auto held = worker.held.begin(); held != worker.held.end(); ++held) {
      if (!done_before(held->first)) continue;
      CHECK(computed.insert(*held).second);
      worker.results.push_back(Alone(held->first, held->second));
      worker.held.erase(held);
      return;
    }
  };
  const uint64_t end = 30;  // of the epoch
  bool away = false;
  for (int step = 0; step < 3000 && story.Status().progress().version() < end; ++step) {
    Worker& worker = workers[random() % 2];
    if (random() % 60 == 0) away = !away, away ? void() : story.Restart(/*hear=*/false);
    if (random() % 3 > 0) {
      compute(worker);
    } else if (away) {
      // Nothing moves any more: alone, as long as no unit that is leased can be computed.
      bool moves = false;
      for (const Worker& other : workers) {
        for (const Part& part : other.held) moves = moves || done_before(part.first);
      }
      if (moves) continue;
      uint64_t version = 0;
      while (done_before(version + 1)) ++version;
      if (version >= end) continue;
      for (uint32_t part = worker.first; part < worker.end; ++part) {
        bool held = false;
        for (const Worker& other : workers) {
          for (const Part& one : other.held) held = held || one == Part{version, part};
        }
        if (!held && !computed.count({version, part})) worker.own.insert({version, part});
      }
    } else {
      const size_t some = std::min<size_t>(worker.results.size(), 3);
      v1::LeaseUnitsRequest request;
      request.set_incarnation(story.node(worker.name).incarnation());
      for (size_t i = 0; i < some; ++i) *request.add_done() = worker.results[i];
      worker.results.erase(worker.results.begin(), worker.results.begin() + static_cast<ptrdiff_t>(some));
      for (const auto& [version, part] : worker.own) {
        auto* own = request.add_own();
        own->set_version(version);
        own->set_first_part(part);
        own->set_end_part(part + 1);
      }
      request.set_more_results(!worker.results.empty());
      REQUIRE(story.job().TakeResults(request, story.now()).ok());
      story.Commit();
      if (!worker.results.empty() || story.Status().state() != v1::TRAINING) continue;
      const auto leases = story.cluster().Lease(story.job(), story.node(worker.name).incarnation(), 3, story.now());
      story.Commit();
      REQUIRE(leases.ok());
      for (const v1::Lease& lease : leases->leases()) {
        if (lease.version() >= end) continue;
        for (uint32_t part = lease.first_part(); part < lease.end_part(); ++part) {
          worker.held.push_back({lease.version(), part});
        }
      }
    }
  }
  CHECK(story.Status().progress().version() >= end);
  const v1::AuditResponse audit = story.job().Audit();
  CHECK(audit.repeated_results() == 0);
  CHECK(audit.outcome_unknown() == 0);
}

}  // namespace
}  // namespace pumasi
