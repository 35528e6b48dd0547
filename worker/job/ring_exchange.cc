#include "worker/job/ring_exchange.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/layout/ring_group.h"
#include "common/log.h"
#include "worker/job/ring_difference.h"
#include "worker/job/ring_outcome.h"
#include "worker/job/verdict.h"

namespace pumasi {
namespace {

// After an error: first, and at most.
constexpr absl::Duration kFirstPause = absl::Milliseconds(10);
constexpr absl::Duration kLongestPause = absl::Seconds(1);
// Whoever has nothing to give to a batch waits for the others as long as an evaluation or the model may take.
constexpr absl::Duration kNoHurry = absl::Hours(100);

// So often in a row all have come, and cannot connect: the job's owner should hear of it.
constexpr int kWarnUnconnected = 3;

uint64_t Random() {
  std::random_device device;
  return (uint64_t{device()} << 32 | device()) | 1;
}

}  // namespace

RingExchange::RingExchange(Options options, PsExchange& exchange)
    : options_(std::move(options)), exchange_(exchange), pause_(kFirstPause) {
  thread_ = std::thread([this] { Run(); });
}

RingExchange::~RingExchange() {
  Stop();
  Join();
}

void RingExchange::Join() {
  if (thread_.joinable()) thread_.join();
}

void RingExchange::Stop() {
  std::shared_ptr<GlooRing> ring;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    ring = group_.ring;
    changed_.notify_all();
  }
  if (ring != nullptr) ring->Abort("the job was dropped");
}

void RingExchange::Update(const v1::Assignment& assignment, std::shared_ptr<const Peers> peers) {
  std::shared_ptr<GlooRing> broken;
  std::string why;
  {
    std::lock_guard lock(mutex_);
    const v1::Layout& layout = assignment.layout();
    if (peers != nullptr && layout.slot_owner_size() > 0 && layout.epoch() >= layout_.epoch()) {
      const bool anew = peers_ == nullptr || layout.generation() > layout_.generation();
      layout_ = layout;
      peers_ = std::move(peers);
      // Whoever is not in the layout has no copy.
      if (anew || !InLayout()) {
        version_ = assignment.start().version();
        known_ = false;
        sum_.reset();
      }
      if (anew) everywhere_ = version_;
    }
    // Those that live leave a group between two batches; for the others nobody has to wait.
    for (const uint64_t member : group_.members) {
      const auto& fenced = assignment.fenced();
      if (std::find(fenced.begin(), fenced.end(), member) != fenced.end()) why = "a member of the group died";
    }
    if (group_.ring != nullptr && layout_.generation() != group_.generation) why = "the job went back to a checkpoint";
    if (!why.empty()) broken = group_.ring;
    ++changes_;
    changed_.notify_all();
  }
  if (broken != nullptr) broken->Abort(why);
}

void RingExchange::Push(RingUnit unit) {
  {
    std::lock_guard lock(mutex_);
    if (!current() || !known_ || unit.version >= everywhere_) {
      units_.Add(std::move(unit));
      ++changes_;
      changed_.notify_all();
      return;
    }
  }
  options_.done(unit, absl::OkStatus());
}

void RingExchange::Drop(uint64_t unit) {
  std::lock_guard lock(mutex_);
  units_.Drop(unit);
}

GlooRing::Bytes RingExchange::TakeBytes() {
  std::lock_guard lock(mutex_);
  GlooRing::Bytes bytes = std::exchange(bytes_, {});
  if (group_.ring == nullptr) return bytes;
  const GlooRing::Bytes now = group_.ring->TakeBytes();
  return {bytes.sent + now.sent, bytes.received + now.received};
}

v1::RingDifference RingExchange::TakeDifference() {
  std::lock_guard lock(mutex_);
  return std::exchange(difference_, {});
}

bool RingExchange::InLayout() const {
  const std::vector<uint32_t> group = RingGroup(layout_);
  return std::any_of(group.begin(), group.end(), [&](uint32_t server) {
    return layout_.servers(static_cast<int>(server)).incarnation() == options_.incarnation;
  });
}

void RingExchange::WaitFor(Lock& lock, absl::Duration time) {
  const uint64_t before = changes_;
  changed_.wait_for(lock, absl::ToChronoMilliseconds(time), [&] { return stopped_ || changes_ != before; });
}

void RingExchange::Run() {
  Lock lock(mutex_);
  while (!stopped_ && !fenced_) {
    if (!InLayout()) {
      // No copy is left to add anything to; of batches that all have its units are done.
      LeaveGroup();
      sum_.reset();
      EndUnits(lock);
      WaitFor(lock, kLongestPause);
      continue;
    }
    if (!current()) {
      Form(lock);
      continue;
    }
    EndUnits(lock);
    if (!current()) continue;
    const auto units = units_.Cover(version_, group_.share);
    if (units) {
      SumBatch(lock, *units);
    } else {
      WaitFor(lock, kLongestPause);
    }
  }
}

void RingExchange::EndUnits(Lock& lock) {
  const std::vector<RingUnit> applied = units_.TakeBefore(everywhere_);
  const std::vector<RingUnit> others = units_.TakeOutside(group_.share);
  Answer(lock, applied, absl::OkStatus());
  Answer(lock, others, DetailedError(v1::ErrorDetail::STALE_LEASE, "the parts are another worker's by now"));
}

void RingExchange::Answer(Lock& lock, const std::vector<RingUnit>& units, const absl::Status& status) {
  if (units.empty()) return;
  lock.unlock();
  for (const RingUnit& unit : units) options_.done(unit, status);
  lock.lock();
}

void RingExchange::LeaveGroup() {
  if (group_.ring != nullptr) {
    const GlooRing::Bytes bytes = group_.ring->TakeBytes();
    bytes_ = {bytes_.sent + bytes.sent, bytes_.received + bytes.received};
  }
  group_ = {};
}

void RingExchange::Break(const absl::Status& status) {
  const bool expected = stopped_ || !current() || absl::IsAborted(status);
  const std::string message = absl::StrCat("the ring of layout epoch ", group_.epoch, " broke at batch ", version_,
                                           ": ", std::string(status.message()));
  Log(expected ? Severity::kInfo : Severity::kWarn, message, {{"job", options_.job_id}});
  // What a death or a new layout does needs no saying.
  if (absl::IsDeadlineExceeded(status) || absl::IsInternal(status)) options_.warn(message);
  LeaveGroup();
}

void RingExchange::BeFenced(Lock& lock, const std::string& why) {
  Log(Severity::kWarn, absl::StrCat("this worker begins anew: ", why), {{"job", options_.job_id}});
  fenced_ = true;
  LeaveGroup();
  lock.unlock();
  options_.on_fenced();
  lock.lock();
}

absl::StatusOr<v1::MeetGroupResponse> RingExchange::Meet(uint64_t epoch, const v1::MeetGroupRequest& request) {
  absl::Duration pause = kFirstPause;
  while (true) {
    auto answer = options_.meet(request);
    Lock lock(mutex_);
    if (stopped_) return absl::CancelledError("the job was dropped");
    if (layout_.epoch() != epoch) return absl::AbortedError("there is another layout");
    if (answer.ok()) return answer;
    const Verdict verdict = VerdictOf(answer.status(), epoch);
    if (verdict == Verdict::kFenced || verdict == Verdict::kFail) return answer.status();
    // Somebody has not come yet: the call has waited, if the scheduler had room for it. Otherwise the scheduler is
    // away, or has another layout for us.
    if (ReasonOf(answer.status()) == v1::ErrorDetail::NOT_READY) {
      WaitFor(lock, kFirstPause);
      continue;
    }
    WaitFor(lock, pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

void RingExchange::Form(Lock& lock) {
  LeaveGroup();
  Group group;
  group.epoch = layout_.epoch();
  group.generation = layout_.generation();
  group.share = RingShare(layout_, options_.incarnation, options_.shape.parts);
  GlooRing::Options options;
  options.host = options_.host;
  for (const uint32_t server : RingGroup(layout_)) {
    const auto& owner = layout_.servers(static_cast<int>(server));
    if (owner.incarnation() == options_.incarnation) options.rank = options.members.size();
    options.members.push_back(owner.node());
    group.members.push_back(owner.incarnation());
  }
  v1::MeetGroupRequest request;
  request.set_layout_epoch(group.epoch);
  request.set_attempt(Random());
  request.set_version(version_);
  request.set_version_known(known_);
  request.set_has_sum(sum_.has_value());
  RingOutcome outcome;
  bool lacks = false;  // this one does
  absl::Status meeting;
  lock.unlock();
  auto ring = GlooRing::Connect(options, [&](const std::string& mine) -> absl::StatusOr<std::vector<std::string>> {
    request.set_address(mine);
    auto met = Meet(group.epoch, request);
    meeting = met.status();
    if (!met.ok()) return met.status();
    outcome = OutcomeOf(*met);
    std::vector<std::string> addresses;
    for (const auto& member : met->members()) {
      if (member.incarnation() == options_.incarnation) lacks = LacksBatch(member, outcome);
      addresses.push_back(member.address());
    }
    if (outcome.somebody_lacks) return absl::AbortedError("a member lacks a batch that another one has");
    return addresses;
  });
  lock.lock();
  if (stopped_) return;
  if (lacks) return BeFenced(lock, absl::StrCat("its copy lacks batch ", version_, ", which another one has"));
  const Verdict verdict = VerdictOf(meeting, group.epoch);
  if (!meeting.ok() && verdict == Verdict::kFenced) return BeFenced(lock, "it was declared dead");
  if (layout_.epoch() != group.epoch) return;
  if (!ring.ok()) {
    const bool fails = !meeting.ok() && verdict == Verdict::kFail;
    if (fails) options_.fail(absl::StrCat("cannot meet the other workers: ", std::string(meeting.message())));
    Log(Severity::kInfo, ring.status().message(), {{"job", options_.job_id}, {"epoch", group.epoch}});
    // All have come, and cannot reach each other: an address or a network that is wrong stays so.
    if (meeting.ok() && absl::IsUnavailable(ring.status()) && ++unconnected_ == kWarnUnconnected) {
      const std::string message(ring.status().message());
      lock.unlock();
      options_.warn(message);
      lock.lock();
    }
    WaitFor(lock, fails ? kLongestPause : pause_);
    pause_ = std::min(2 * pause_, kLongestPause);
    return;
  }
  pause_ = kFirstPause;
  unconnected_ = 0;
  group.ring = *std::move(ring);
  group_ = std::move(group);
  if (!Settle(lock, outcome.version) && !fenced_) LeaveGroup();
}

bool RingExchange::Settle(Lock& lock, uint64_t version) {
  if (sum_ && version_ + 1 == version) {
    if (!ApplySum(lock)) return false;
  } else {
    sum_.reset();
  }
  if (!known_) {
    version_ = version;
    const absl::Status there = LookAtCopy(lock);
    if (absl::IsFailedPrecondition(there)) {
      BeFenced(lock, absl::StrCat("its copy lacks batches before ", version, ", which others have"));
    }
    if (!there.ok()) return false;
    known_ = true;
  }
  everywhere_ = version_;
  return true;
}

void RingExchange::SumBatch(Lock& lock, const std::vector<const RingUnit*>& cover) {
  // Units may be dropped meanwhile.
  std::vector<RingUnit> units;
  for (const RingUnit* unit : cover) units.push_back(*unit);
  std::vector<const RingUnit*> pointers;
  for (const RingUnit& unit : units) pointers.push_back(&unit);
  const uint64_t version = version_, generation = group_.generation;
  const std::shared_ptr<GlooRing> ring = group_.ring;
  const absl::Duration patience = units.empty() ? kNoHurry : options_.stall_timeout;
  lock.unlock();
  auto batch = SumOverRing(options_.shape, version, pointers, patience, options_.stall_timeout, *ring);
  lock.lock();
  if (stopped_ || layout_.generation() != generation) return;
  if (!batch.ok()) return Break(batch.status());
  if (version_ != version) return Break(absl::AbortedError("this worker left the layout"));
  sum_ = Sum{*std::move(batch), group_.members};
  const std::shared_ptr<const Gradient> sum = sum_->batch.gradient;
  const bool measures = group_.members.size() > 1 && MeasuresDifference(version);
  lock.unlock();
  absl::StatusOr<v1::RingDifference> difference = v1::RingDifference();
  if (measures) difference = CompareWithTree(options_.shape, pointers, *sum, options_.stall_timeout, *ring);
  const absl::Status met = difference.ok() ? MeetAfter(version, options_.stall_timeout, *ring) : difference.status();
  lock.lock();
  if (stopped_ || layout_.generation() != generation) return;
  // Who has the sum, and whether it is applied, shows when they meet.
  if (!met.ok()) return Break(met);
  everywhere_ = version + 1;
  if (group_.share.first == 0 && group_.share.size() > 0) AddDifference(*difference, &difference_);
  // Out of the layout, and in it again: its copy is another one.
  if (version_ == version && sum_ && InLayout() && ApplySum(lock))
    Answer(lock, units_.TakeBefore(everywhere_), absl::OkStatus());
}

}  // namespace pumasi
