// Whatever answers come, in whatever order: what is reported as done is done.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/planted_bug.h"
#include "tests/job/work_story.h"
#include "worker/job/work_core.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

// Plays scheduler and servers with dice, and keeps its own books.
class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {
    story_.assignment.mutable_job()->set_stall_timeout(5);
    NewLayout(false);
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      story_.now += absl::Milliseconds(Draw(20));
      if (Draw(10) == 0) story_.core.Tick(story_.now);
      NoteAll();
      if (Draw(60) == 0) NewLayout(Draw(4) == 0);
      NoteAll();
      if (!open_.empty()) Answer();
      NoteAll();
    }
  }

  size_t reported() const { return reported_; }
  size_t most_units() const { return most_units_; }
  // Reports of what was not done, and pulls of versions that nobody wanted.
  size_t wrong() const { return wrong_; }

 private:
  using Parts = std::tuple<uint64_t, uint64_t, uint32_t>;  // generation, version, part
  struct Open {
    WorkEffect effect;
    uint32_t server = 0;
  };

  uint64_t Draw(uint64_t below) { return random_() % below; }

  void NewLayout(bool generation) {
    if (generation) ++generation_;
    story_.Layout(++epoch_, generation_, static_cast<uint32_t>(1 + Draw(4)));
    story_.Assign();
  }

  void NoteAll() {
    for (const WorkEffect& effect : story_.core.TakeEffects()) std::visit([this](auto& one) { Note(one); }, effect);
  }
  void Note(const CallLease& effect) { open_.push_back({effect}); }
  void Note(const Read& effect) {
    leases_[effect.unit] = effect.lease;
    open_.push_back({effect});
  }
  void Note(const Pull& effect) {
    CHECK(effect.layout_epoch == epoch_);
    wrong_ += effect.version != leases_[effect.unit].version();
    for (const uint32_t server : effect.servers) open_.push_back({effect, server});
  }
  void Note(const Compute& effect) {
    CHECK_FALSE(computing_);
    computing_ = true;
    open_.push_back({effect});
  }
  void Note(const Push& effect) {
    CHECK(effect.layout_epoch == epoch_);
    for (const uint32_t server : effect.servers) open_.push_back({effect, server});
  }
  void Note(const Drop& effect) { leases_.erase(effect.unit); }
  void Note(const Fenced&) { FAIL("nobody fenced it"); }
  void Note(const FailJob& effect) { FAIL(effect.message); }
  void Note(const Report& effect) {
    for (const v1::UnitDone& done : effect.request.done()) {
      ++reported_;
      const bool undone = done.generation() != generation_;
      for (const v1::PartResult& part : done.parts()) {
        const Parts parts = {done.generation(), done.version(), part.part()};
        wrong_ += undone || (part.outcome_unknown() ? too_late_ : whole_).count(parts) == 0;
      }
    }
    open_.push_back({effect});
  }

  void Answer() {
    const size_t at = Draw(open_.size());
    const Open open = open_[at];
    open_.erase(open_.begin() + static_cast<ptrdiff_t>(at));
    std::visit([&](auto& one) { Reply(one, open.server); }, open.effect);
    most_units_ = std::max(most_units_, story_.core.units());
  }

  absl::Status Outcome() {
    if (Draw(3) > 0) return absl::OkStatus();
    const D::Reason reasons[] = {D::UNAVAILABLE, D::NOT_READY, D::UNKNOWN_INCARNATION, D::OVER_LIMIT, D::CORRUPT};
    if (Draw(3) == 0) return absl::DeadlineExceededError("lost");
    if (Draw(8) == 0) return Refusal(D::STALE_LEASE);
    if (Draw(6) == 0) return Refusal(D::STALE_LAYOUT, 0, epoch_ + 1);
    return Refusal(reasons[Draw(5)]);
  }

  void Reply(const CallLease& effect, uint32_t) {
    if (Draw(3) == 0) return story_.NoLease(absl::UnavailableError("lost"));
    std::vector<std::vector<uint64_t>> units;
    for (uint64_t held = effect.request.held_size(); held < 4; ++held) {
      const uint64_t size = uint64_t{1} << Draw(3), first = Draw(4 / size) * size;
      units.push_back({base_ + Draw(3), first, first + size});
    }
    base_ += Draw(2);
    story_.Lease(units, generation_);
  }
  void Reply(const Read& effect, uint32_t) { story_.core.ReadDone(effect.unit, absl::OkStatus(), story_.now); }
  void Reply(const Compute& effect, uint32_t) {
    computing_ = false;
    v1::UnitDone done;
    if (const auto lease = leases_.find(effect.unit); lease != leases_.end()) {
      for (uint32_t part = lease->second.first_part(); part < lease->second.end_part(); ++part) {
        done.add_parts()->set_part(part);
      }
    }
    story_.core.ComputeDone(effect.unit, done, story_.now);
  }
  void Reply(const Pull& effect, uint32_t server) {
    const bool late = Draw(40) == 0;
    if (late && leases_.count(effect.unit) > 0) Mark(leases_[effect.unit], &too_late_);
    const absl::Status status = late ? Refusal(D::TOO_LATE, effect.version + 2) : Outcome();
    story_.core.PullAnswer(effect.unit, effect.attempt, server, status, story_.now);
  }
  void Reply(const Push& effect, uint32_t server) {
    const absl::Status status = Draw(30) == 0 ? Refusal(D::PARTLY_APPLIED) : Outcome();
    if (status.ok() && leases_.count(effect.unit) > 0) {
      // The books: which servers of which epoch have the unit.
      std::set<uint32_t>& acks = acks_[{effect.unit, effect.layout_epoch}];
      acks.insert(server);
      if (effect.layout_epoch == epoch_ && acks.size() == size_t(story_.assignment.layout().servers_size())) {
        Mark(leases_[effect.unit], &whole_);
      }
    }
    story_.core.PushAnswer(effect.unit, effect.attempt, server, status,
                           Draw(2) ? v1::PushResponse::ACCEPTED : v1::PushResponse::DUPLICATE, story_.now);
  }
  void Reply(const Report& effect, uint32_t) {
    story_.core.ReportAnswer(effect.id, Draw(3) ? absl::OkStatus() : absl::UnavailableError("lost"), story_.now);
  }
  void Reply(const Drop&, uint32_t) {}
  void Reply(const Fenced&, uint32_t) {}
  void Reply(const FailJob&, uint32_t) {}

  static void Mark(const v1::Lease& lease, std::set<Parts>* parts) {
    for (uint32_t part = lease.first_part(); part < lease.end_part(); ++part) {
      parts->insert({lease.generation(), lease.version(), part});
    }
  }

  std::mt19937_64 random_;
  WorkStory story_;
  uint64_t epoch_ = 0, generation_ = 0, base_ = 0;
  bool computing_ = false;
  std::vector<Open> open_;
  std::map<uint64_t, v1::Lease> leases_;                              // by unit
  std::map<std::pair<uint64_t, uint64_t>, std::set<uint32_t>> acks_;  // by unit and epoch
  std::set<Parts> whole_, too_late_;
  size_t reported_ = 0, most_units_ = 0, wrong_ = 0;
};

TEST_CASE("Nothing is reported done unless every holder of one layout acknowledged it, whatever answers come") {
  size_t reported = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    dice.Run(3000);
    reported += dice.reported();
    CHECK(dice.wrong() == 0);
    CHECK(dice.most_units() < 60);
  }
  CHECK(reported > 10000);
}

TEST_CASE("The dice notice mistakes") {
  for (const PlantedBug bug : {PlantedBug::kFirstAckCounts, PlantedBug::kOldAcksCount, PlantedBug::kReportBeforePush,
                               PlantedBug::kKeepsUnitsOverGeneration, PlantedBug::kMixedVersions}) {
    CAPTURE(std::string(PlantedBugName(bug)));
    const ScopedPlantedBug planted(bug);
    size_t wrong = 0;
    for (uint64_t seed = 1; seed <= 20 && wrong == 0; ++seed) {
      Dice dice(seed);
      dice.Run(3000);
      wrong += dice.wrong();
    }
    CHECK(wrong > 0);
  }
}

}  // namespace
}  // namespace pumasi
