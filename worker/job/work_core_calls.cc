// WorkCore's calls to the servers of a layout.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/planted_bug.h"
#include "worker/job/verdict.h"
#include "worker/job/work_core.h"

namespace pumasi {

void WorkCore::BeginRound(Unit& unit, Stage stage, absl::Duration now) {
  unit.stage = stage;
  unit.round = CallRound(next_attempt_++, layout_.epoch(), holders_);
  // How long the others of a ring take the scheduler watches: given back, a part would be missing in their sum.
  unit.give_up = ring_ && stage == Stage::kPushing ? absl::InfiniteDuration() : now + stall_timeout_;
  unit.silent.reset();
}

void WorkCore::RestartRounds(const v1::Layout& before, absl::Duration now) {
  for (auto& [number, unit] : units_) {
    if (unit.stage != Stage::kPulling && unit.stage != Stage::kPushing) continue;
    const CallRound old = std::move(unit.round);
    BeginRound(unit, unit.stage, now);
    if (!Planted(PlantedBug::kOldAcksCount)) continue;
    for (const uint32_t server : holders_) {
      for (int i = 0; i < before.servers_size(); ++i) {
        const bool same = before.servers(i).incarnation() == layout_.servers(static_cast<int>(server)).incarnation();
        if (same && old.succeeded(static_cast<uint32_t>(i))) unit.round.Succeeded(server);
      }
    }
  }
  if (!Planted(PlantedBug::kOldAcksCount)) return;
  std::vector<uint64_t> done;
  for (const auto& [number, unit] : units_) {
    if (unit.stage == Stage::kPushing && unit.round.complete()) done.push_back(number);
  }
  for (const uint64_t number : done) Finish(number);
}

void WorkCore::CallServers(absl::Duration now) {
  std::vector<uint64_t> stuck;
  for (const auto& [key, number] : order_) {
    Unit& unit = units_.at(number);
    if (unit.stage != Stage::kPulling && unit.stage != Stage::kPushing) continue;
    if (now >= unit.give_up) {
      stuck.push_back(number);
      continue;
    }
    std::vector<uint32_t> servers = unit.round.TakeDue(now);
    if (servers.empty()) continue;
    if (unit.stage == Stage::kPushing) {
      effects_.push_back(Push{number, unit.round.number(), unit.round.epoch(), std::move(servers)});
      continue;
    }
    const uint64_t version = unit.lease.version();
    const uint32_t staleness = StalenessOf(unit);
    if (Planted(PlantedBug::kMixedVersions)) {
      for (const uint32_t server : servers) {
        const bool later = unit.round.calls(server) % 2 == 0;
        effects_.push_back(
            Pull{number, unit.round.number(), unit.round.epoch(), version + later, staleness, {server}, LaneOf(unit)});
      }
      continue;
    }
    effects_.push_back(
        Pull{number, unit.round.number(), unit.round.epoch(), version, staleness, std::move(servers), LaneOf(unit)});
  }
  for (const uint64_t number : stuck) {
    const Unit* unit = Find(number);
    if (unit == nullptr) continue;  // gone with another leaf of its parent
    if (averages_ && unit->silent) {
      return Fail(absl::StrCat(Transfer(*unit, *unit->silent), " did not get through within call_timeout (",
                               absl::FormatDuration(options_.call_timeout), "), again and again for ",
                               absl::FormatDuration(stall_timeout_), "; raise the workers' call_timeout, or ",
                               SmallerMessages()),
                  now);
    }
    GiveBack(number);
  }
}

std::string WorkCore::Transfer(const Unit& unit, uint32_t server) const {
  return absl::StrCat(unit.stage == Stage::kPulling ? "pulling from " : "pushing to ",
                      layout_.servers(static_cast<int>(server)).node(), averages_ ? " what a lane touches" : "");
}

std::string WorkCore::SmallerMessages() const {
  return averages_ ? "average after fewer batches (average_every), or spread the slots over more servers"
                   : "make batches smaller, raise micro_batches, or spread the slots over more servers";
}

void WorkCore::PullAnswer(uint64_t number, uint64_t attempt, uint32_t server, const absl::Status& status,
                          absl::Duration now) {
  Unit* unit = Find(number);
  if (fenced_ || unit == nullptr || unit->stage != Stage::kPulling || !unit->round.Awaits(attempt, server)) return;
  if (status.ok()) {
    unit->round.Succeeded(server);
    if (unit->silent == server) unit->silent.reset();
    if (unit->round.complete()) {
      unit->stage = Stage::kPulled;
      last_move_ = now;
      Applied(unit->lease.version(), StalenessOf(*unit));
      // Others wait for their versions; that this one came shows that the job moves.
      for (auto& [other, waiting] : units_) {
        if (waiting.stage == Stage::kPulling) waiting.give_up = now + stall_timeout_;
      }
    }
  } else {
    Refused(number, server, status, now);
  }
  Advance(now);
}

void WorkCore::PushAnswer(uint64_t number, uint64_t attempt, uint32_t server, const absl::Status& status,
                          v1::PushResponse::Outcome outcome, absl::Duration now) {
  Unit* unit = Find(number);
  if (fenced_ || unit == nullptr || unit->stage != Stage::kPushing || !unit->round.Awaits(attempt, server)) return;
  if (!status.ok()) {
    Refused(number, server, status, now);
  } else if (outcome != v1::PushResponse::ACCEPTED && outcome != v1::PushResponse::DUPLICATE) {
    Fail(absl::StrCat("a push was answered with outcome ", outcome, ", neither taken nor known"), now);
  } else {
    unit->round.Succeeded(server);
    if (unit->silent == server) unit->silent.reset();
    if (unit->round.complete() || Planted(PlantedBug::kFirstAckCounts)) Finish(number);
  }
  Advance(now);
}

void WorkCore::Refused(uint64_t number, uint32_t server, const absl::Status& status, absl::Duration now) {
  Unit& unit = units_.at(number);
  Verdict verdict = VerdictOf(status, unit.round.epoch());
  // A leaf is never covered in part, and values that are gone are nothing to a push: a server that says so errs.
  const bool leaf = unit.lease.end_part() - unit.lease.first_part() == 1;
  if (verdict == Verdict::kPartly && (leaf || unit.stage == Stage::kPulling)) verdict = Verdict::kAgain;
  if (verdict == Verdict::kTooLate && unit.stage == Stage::kPushing) verdict = Verdict::kAgain;
  switch (verdict) {
    case Verdict::kBusy:
    case Verdict::kAgain:
      unit.round.Failed(server, verdict == Verdict::kBusy, now, random_());
      if (ReasonOf(status) == v1::ErrorDetail::REASON_UNSPECIFIED && absl::IsDeadlineExceeded(status)) {
        unit.silent = server;
      } else if (unit.silent == server) {
        unit.silent.reset();
      }
      // A round may take long, and so may the batches before a push that was let ahead; whether they move the scheduler
      // sees.
      if ((averages_ || (staleness_ > 0 && unit.stage == Stage::kPushing)) &&
          ReasonOf(status) == v1::ErrorDetail::NOT_READY) {
        unit.give_up = now + stall_timeout_;
      }
      return;
    case Verdict::kStaleLayout:
      unit.round.Halt();
      return;
    case Verdict::kTooLate:
      // Values are kept at the version and the one before: every copy is past the batch, and at most one more behind,
      // or as many as may be missing.
      if (const auto detail = DetailOf(status); detail) Applied(detail->version(), 1 + staleness_);
      return unit.lease.kind() == v1::TRAIN ? FinishUnknown(number) : GiveBack(number);
    case Verdict::kPartly:
      return Split(number);
    case Verdict::kFenced:
      return Fence();
    case Verdict::kDrop:
      return GiveBack(number);
    case Verdict::kFail:
      if (IsTooLarge(status)) {
        return Fail(absl::StrCat(Transfer(unit, server), " takes too large a message (", status.message(),
                                 "); raise max_message of servers and workers, or ", SmallerMessages()),
                    now);
      }
      return Fail(std::string(status.message()), now);
  }
}

}  // namespace pumasi
