// WorkPipeline's answers to what the core wants. Bookkeeping is done in the order of the effects and under the lock;
// what takes time is left for later.
#include <utility>
#include <variant>

#include "common/failpoint.h"
#include "common/log.h"
#include "worker/job/work_pipeline.h"

namespace pumasi {

std::vector<WorkPipeline::Action> WorkPipeline::TakeActions() {
  std::vector<Action> actions;
  for (WorkEffect& effect : core_.TakeEffects()) {
    Action action = std::visit([this](auto& one) { return Start(one); }, effect);
    if (action) actions.push_back(std::move(action));
  }
  return actions;
}

WorkPipeline::Action WorkPipeline::Start(CallLease& effect) {
  return [this, request = std::move(effect.request)] {
    PUMASI_FAILPOINT("worker.lease.sent").IgnoreError();
    client_.LeaseUnits(request, [this](absl::StatusOr<v1::LeaseUnitsResponse> answer) {
      if (answer.ok()) {
        if (absl::Status status = PUMASI_FAILPOINT("worker.lease.answered"); !status.ok()) answer = status;
      }
      Step([&](absl::Duration now) { core_.LeaseAnswer(answer, now); });
    });
  };
}

WorkPipeline::Action WorkPipeline::Start(Report& effect) {
  effect.request.mutable_use()->Swap(&use_);
  use_.Clear();
  if (!times_.empty()) times_.Take(clock_.Now(), effect.request.mutable_use()->mutable_time());
  for (const uint64_t token : effect.request.returned()) {
    Log(Severity::kWarn, "unit given back", {{"job", options_.core.job_id}, {"token", token}});
  }
  return [this, id = effect.id, request = std::move(effect.request)]() mutable {
    PsExchange::Bytes bytes = exchange_.TakeBytes();
    if (ring_ != nullptr) {
      const GlooRing::Bytes ring = ring_->TakeBytes();
      bytes.pulled += ring.received;
      bytes.pushed += ring.sent;
      const v1::RingDifference difference = ring_->TakeDifference();
      if (difference.sums() > 0) *request.mutable_use()->mutable_ring() = difference;
    }
    request.mutable_use()->set_bytes_pulled(bytes.pulled);
    request.mutable_use()->set_bytes_pushed(bytes.pushed);
    bytes_pulled_.fetch_add(bytes.pulled, std::memory_order_relaxed);
    bytes_pushed_.fetch_add(bytes.pushed, std::memory_order_relaxed);
    PUMASI_FAILPOINT("worker.report.sent").IgnoreError();
    client_.LeaseUnits(std::move(request), [this, id](absl::StatusOr<v1::LeaseUnitsResponse> answer) {
      if (answer.ok()) {
        if (absl::Status status = PUMASI_FAILPOINT("worker.report.answered"); !status.ok()) answer = status;
      }
      Step([&](absl::Duration now) { core_.ReportAnswer(id, answer.status(), now); });
    });
  };
}

WorkPipeline::Action WorkPipeline::Start(Read& effect) {
  auto payload = std::make_shared<Payload>();
  payload->lease = effect.lease;
  payload->times.leased = effect.leased;
  payloads_[effect.unit] = payload;
  return [this, number = effect.unit, payload] { reads_.Push([this, number, payload] { ReadRows(number, payload); }); };
}

WorkPipeline::Action WorkPipeline::Start(Pull& effect) {
  const auto found = payloads_.find(effect.unit);
  if (found == payloads_.end()) return {};
  Payload& payload = *found->second;
  std::shared_ptr<PullAttempt> old;
  if (payload.pull_attempt != effect.attempt) {
    old = std::exchange(payload.pull, std::make_shared<PullAttempt>(exchange_, peers_, payload.lease.token(),
                                                                    payload.ids, effect.lane));
    payload.pull_attempt = effect.attempt;
  }
  const absl::Duration called = clock_.Now();
  if (!payload.times.called) payload.times.called = called;
  return [this, effect, old, called, attempt = payload.pull, peers = peers_] {
    if (old != nullptr) old->Cancel();
    PUMASI_FAILPOINT("worker.pull.sent").IgnoreError();
    attempt->Call(effect.version, effect.staleness, effect.servers,
                  [this, peers, called, attempt, unit = effect.unit, number = effect.attempt](uint32_t server,
                                                                                              absl::Status status) {
                    if (status.ok()) status = PUMASI_FAILPOINT("worker.pull.answered");
                    LogRefusal("pull", peers->router.layout().servers(static_cast<int>(server)).node(), status);
                    Step([&](absl::Duration now) {
                      counts_.Called("pull", status);
                      if (status.ok()) NoteAnswer(unit, number, attempt->served(server), called, now);
                      core_.PullAnswer(unit, number, server, status, now);
                    });
                  });
  };
}

void WorkPipeline::NoteAnswer(uint64_t unit, uint64_t attempt, const v1::ServedTime& served, absl::Duration called,
                              absl::Duration now) {
  const auto found = payloads_.find(unit);
  if (found == payloads_.end() || found->second->pull_attempt != attempt) return;
  UnitTimes& times = found->second->times;
  times.answer_called = called;
  times.answered = now;
  times.served = served;
}

WorkPipeline::Action WorkPipeline::Start(Compute& effect) {
  const auto found = payloads_.find(effect.unit);
  std::shared_ptr<Payload> payload = found == payloads_.end() ? nullptr : found->second;
  if (payload != nullptr) {
    payload->times.ready = clock_.Now();
    if (payload->times.answered) times_.Pulled(payload->lease, payload->times);
  }
  return [this, number = effect.unit, payload] {
    computes_.Push([this, number, payload] { ComputeOne(number, payload); });
  };
}

WorkPipeline::Action WorkPipeline::Start(Push& effect) {
  const auto found = payloads_.find(effect.unit);
  if (found == payloads_.end()) return {};
  Payload& payload = *found->second;
  if (payload.push_attempt == 0) {
    payload.push_begin = clock_.Now();
    payload.pull.reset();
    payload.ids.reset();
  }
  if (ring_ != nullptr) {
    payload.push_attempt = effect.attempt;
    const v1::Lease& lease = payload.lease;
    return [this, unit = RingUnit{effect.unit,
                                  effect.attempt,
                                  effect.servers,
                                  lease.version(),
                                  {lease.first_part(), lease.end_part()},
                                  {lease.rate_changes().begin(), lease.rate_changes().end()},
                                  payload.gradient}] { ring_->Push(unit); };
  }
  std::shared_ptr<PushAttempt> old;
  if (payload.push_attempt != effect.attempt) {
    const v1::Lease& lease = payload.lease;
    old = std::exchange(payload.push,
                        std::make_shared<PushAttempt>(exchange_, peers_,
                                                      PushAttempt::Payload{lease.version(),
                                                                           {lease.first_part(), lease.end_part()},
                                                                           lease.token(),
                                                                           lease.rate_changes(),
                                                                           payload.gradient}));
    payload.push_attempt = effect.attempt;
  }
  return [this, effect, old, attempt = payload.push, peers = peers_] {
    if (old != nullptr) old->Cancel();
    pushes_.Push([this, effect, attempt, peers] {
      PUMASI_FAILPOINT("worker.push.sent").IgnoreError();
      const auto sent = [this, peers, unit = effect.unit](uint32_t server) {
        std::lock_guard lock(feedback_mutex_);
        feedback_.Sent(unit, peers->router, server);
      };
      attempt->Call(effect.servers, sent,
                    [this, peers, unit = effect.unit, number = effect.attempt](uint32_t server, absl::Status status,
                                                                               v1::PushResponse::Outcome outcome) {
                      if (status.ok()) status = PUMASI_FAILPOINT("worker.push.answered");
                      LogRefusal("push", peers->router.layout().servers(static_cast<int>(server)).node(), status);
                      {
                        std::lock_guard lock(feedback_mutex_);
                        feedback_.Answered(unit, peers->router, server, status, outcome);
                      }
                      Step([&](absl::Duration now) {
                        counts_.Called("push", status);
                        core_.PushAnswer(unit, number, server, status, outcome, now);
                      });
                    });
    });
  };
}

WorkPipeline::Action WorkPipeline::Start(Drop& effect) {
  const auto found = payloads_.find(effect.unit);
  if (found == payloads_.end()) return {};
  std::shared_ptr<Payload> payload = std::move(found->second);
  payloads_.erase(found);
  EndFeedback(effect.unit);
  if (ring_ != nullptr) ring_->Drop(effect.unit);
  if (payload->push_attempt != 0) {
    const absl::Duration now = clock_.Now();
    use_.set_seconds_pushing(use_.seconds_pushing() + absl::ToDoubleSeconds(now - payload->push_begin));
    times_.Stage(v1::STAGE_PUSH, payload->lease, payload->push_begin, now);
  }
  return [pull = payload->pull, push = payload->push] {
    if (pull != nullptr) pull->Cancel();
    if (push != nullptr) push->Cancel();
  };
}

WorkPipeline::Action WorkPipeline::Start(Fenced&) { return options_.on_fenced; }

WorkPipeline::Action WorkPipeline::Start(FailJob& effect) {
  Log(Severity::kError, effect.message, {{"job", options_.core.job_id}});
  return [this, message = effect.message] { client_.SendFailure(message); };
}

}  // namespace pumasi
