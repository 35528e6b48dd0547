#include "tests/simulation/worker_node.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/error_detail.h"
#include "member/holding.h"
#include "ops/tree/node_rounding.h"
#include "ops/tree/part_tree.h"
#include "tests/simulation/rpc.h"

namespace pumasi::sim {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(5);
constexpr absl::Duration kAnnounceEvery = absl::Seconds(1);

bool Trains(const v1::Assignment& assignment) {
  return assignment.state() >= v1::TRAINING && assignment.state() < v1::DONE && assignment.layout().epoch() > 0;
}

bool Newer(const v1::Layout& layout, const v1::Layout& than) {
  return std::pair(layout.generation(), layout.epoch()) > std::pair(than.generation(), than.epoch());
}

}  // namespace

void WorkerNode::DropJob() {
  has_job_ = false;
  ++job_serial_;
  core_.reset();
  feedback_.reset();
  router_.reset();
  payloads_.clear();
}

std::function<void()> WorkerNode::Guarded(std::function<void()> run) {
  return [this, serial = job_serial_, run = std::move(run)] {
    if (serial == job_serial_) run();
  };
}

void WorkerNode::TakeAssignments(const std::vector<v1::Assignment>& assignments) {
  ServerNode::TakeAssignments(HoldingAssignments(incarnation(), assignments));
  Work(assignments);
}

void WorkerNode::Work(const std::vector<v1::Assignment>& assignments) {
  if (assignments.empty()) {
    if (has_job_) world_.Trace(name(), " drops its job");
    return DropJob();
  }
  // One job after the other: the next one may come before the end of the last was seen.
  if (has_job_ && assignments[0].job_id() != assignment_.job_id()) {
    world_.Trace(name(), " drops ", assignment_.job_id());
    DropJob();
  }
  const bool first = !has_job_;
  has_job_ = true;
  assignment_ = assignments[0];
  world_.Trace(name(), " is assigned epoch ", assignment_.layout().epoch(), " generation ",
               assignment_.layout().generation(), " ", v1::JobState_Name(assignment_.state()));
  if (core_ != nullptr && assignment_.state() == v1::PREPARING) {
    // Somebody resumed it: it begins anew.
    DropJob();
    has_job_ = true;
    return Announce();
  }
  if (first) return After(absl::Microseconds(random().Between(1000, 50000)), Guarded([this] { Announce(); }));
  if (core_ == nullptr) return;
  const v1::Layout& layout = assignment_.layout();
  if (layout.epoch() > 0 && (!router_ || Newer(layout, router_->layout()))) {
    auto router = Router::Create(scenario().tables, layout, scenario().wire(), scenario().coding(), incarnation());
    if (!router.ok()) return world_.Fail(absl::StrCat("a layout that makes no sense: ", router.status().ToString()));
    router_ = *std::move(router);
  }
  core_->SetAssignment(assignment_, Now());
}

void WorkerNode::Announce() {
  if (core_ != nullptr) return;
  v1::ReportPreparedRequest request;
  request.set_incarnation(incarnation());
  request.set_job_id(assignment_.job_id());
  *request.mutable_data() = scenario().data;
  const auto again = [this] { After(kAnnounceEvery / 4, Guarded([this] { Announce(); })); };
  Ask<v1::ReportPreparedResponse>(
      network_, *this, kSchedulerName, Method::kReportPrepared, request, kCallTimeout,
      [this, again, serial = job_serial_](const absl::Status& status, const v1::ReportPreparedResponse& response) {
        if (serial != job_serial_) return;
        if (ReasonOf(status) == v1::ErrorDetail::STALE_INCARNATION) Renew();
        if (status.ok() && response.upload()) Upload();
        if (!status.ok() || !Trains(assignment_)) return again();
        feedback_.emplace(scenario().coding(), scenario().tables);
        core_ = std::make_unique<WorkCore>(WorkCore::Options{.job_id = assignment_.job_id(),
                                                             .incarnation = incarnation(),
                                                             .seed = random()(),
                                                             .call_timeout = kCallTimeout});
        Work({v1::Assignment(assignment_)});
      });
}

void WorkerNode::Upload() {
  v1::AssetChunk chunk;
  chunk.set_incarnation(incarnation());
  chunk.set_job_id(assignment_.job_id());
  chunk.set_name("labels.txt");
  chunk.set_data("cats\ndogs\n");
  chunk.set_crc32c(Crc32c(chunk.data()));
  chunk.set_end(true);
  Ask<v1::UploadAssetsResponse>(network_, *this, kSchedulerName, Method::kUploadAssets, chunk, kCallTimeout,
                                [](const absl::Status&, const v1::UploadAssetsResponse&) {});
}

void WorkerNode::AfterEvent() {
  ServerNode::AfterEvent();
  if (core_ == nullptr) return;
  if (Now() >= core_->NextDeadline()) core_->Tick(Now());
  DoEffects();
  if (core_ != nullptr) WakeBy(core_->NextDeadline());
}

void WorkerNode::DoEffects() {
  while (core_ != nullptr) {
    const std::vector<WorkEffect> effects = core_->TakeEffects();
    if (effects.empty()) return;
    for (const WorkEffect& effect : effects) {
      std::visit([this](const auto& one) { Do(one); }, effect);
    }
  }
}

WorkerNode::Payload* WorkerNode::Find(uint64_t unit) {
  const auto found = payloads_.find(unit);
  return found == payloads_.end() ? nullptr : &found->second;
}

void WorkerNode::Do(const CallLease& effect) {
  for (const v1::UnitDone& done : effect.request.done()) around_.watch.Reports(*this, assignment_.job_id(), done);
  Ask<v1::LeaseUnitsResponse>(
      network_, *this, kSchedulerName, Method::kLeaseUnits, effect.request, kCallTimeout,
      [this, serial = job_serial_](const absl::Status& status, const v1::LeaseUnitsResponse& response) {
        if (serial != job_serial_) return;
        if (status.ok()) return core_->LeaseAnswer(response, Now());
        core_->LeaseAnswer(status, Now());
      });
}

void WorkerNode::Do(const Report& effect) {
  for (const v1::UnitDone& done : effect.request.done()) around_.watch.Reports(*this, assignment_.job_id(), done);
  Ask<v1::LeaseUnitsResponse>(
      network_, *this, kSchedulerName, Method::kLeaseUnits, effect.request, kCallTimeout,
      [this, serial = job_serial_, id = effect.id](const absl::Status& status, const v1::LeaseUnitsResponse&) {
        if (serial == job_serial_) core_->ReportAnswer(id, status, Now());
      });
}

void WorkerNode::Do(const Read& effect) {
  Payload& payload = payloads_[effect.unit];
  payload = Payload();
  payload.lease = effect.lease;
  std::vector<uint64_t>& ids = payload.pulled.ids;
  if (effect.lease.kind() == v1::TRAIN) {
    for (uint32_t part = effect.lease.first_part(); part < effect.lease.end_part(); ++part) {
      payload.parts.push_back(WorkOf(scenario(), effect.lease.version(), part));
      std::vector<uint64_t> both;
      std::set_union(ids.begin(), ids.end(), payload.parts.back().ids.begin(), payload.parts.back().ids.end(),
                     std::back_inserter(both));
      ids = std::move(both);
    }
  } else {
    for (uint64_t row = effect.lease.first_row(); row < effect.lease.end_row(); ++row) {
      if (row < scenario().data.vocabulary()) ids.push_back(row);
    }
  }
  After(absl::Microseconds(random().Between(10, 1000)),
        Guarded([this, unit = effect.unit] { core_->ReadDone(unit, absl::OkStatus(), Now()); }));
}

void WorkerNode::Do(const Pull& effect) {
  Payload* payload = Find(effect.unit);
  if (payload == nullptr || !router_ || router_->layout().epoch() != effect.layout_epoch) return;
  if (payload->attempt != effect.attempt) {
    payload->attempt = effect.attempt;
    router_->Prepare(&payload->pulled);
  }
  payload->version = effect.version;
  const Router::Positions positions = router_->SplitPull(payload->pulled.ids);
  for (const uint32_t server : effect.servers) {
    v1::PullRequest request;
    request.mutable_header()->set_job_id(assignment_.job_id());
    request.mutable_header()->set_layout_epoch(effect.layout_epoch);
    request.mutable_header()->set_incarnation(incarnation());
    request.mutable_header()->set_lease_token(payload->lease.token());
    request.set_version(effect.version);
    request.set_staleness(effect.staleness);
    if (effect.lane) request.set_lane(*effect.lane);
    router_->FillPull(payload->pulled.ids, server, positions[server], &request);
    Ask<v1::PullResponse>(network_, *this, router_->layout().servers(static_cast<int>(server)).address(), Method::kPull,
                          request, kCallTimeout,
                          [this, serial = job_serial_, effect, server, asked = positions[server]](
                              absl::Status status, const v1::PullResponse& response) {
                            if (serial != job_serial_) return;
                            Payload* payload = Find(effect.unit);
                            if (payload != nullptr && payload->attempt == effect.attempt && status.ok() && router_ &&
                                router_->layout().epoch() == effect.layout_epoch) {
                              status = router_->Take(response, ValuesOf(response), server, asked, &payload->pulled);
                            } else if (status.ok()) {
                              return;
                            }
                            core_->PullAnswer(effect.unit, effect.attempt, server, status, Now());
                          });
  }
}

void WorkerNode::Do(const Compute& effect) {
  const Payload* payload = Find(effect.unit);
  if (payload == nullptr) return;
  const auto parts = static_cast<double>(std::max<size_t>(payload->parts.size(), 1));
  const double factor = 0.9 + 0.2 * random().Unit();
  const auto took = absl::Nanoseconds(static_cast<double>(around_.scenario().compute) * slowness_ * parts * factor);
  After(took, Guarded([this, unit = effect.unit, took] {
          Payload* payload = Find(unit);
          if (payload == nullptr) return core_->ComputeDone(unit, absl::CancelledError("dropped"), Now());
          v1::UnitDone done = ComputeUnit(unit, *payload);
          done.set_seconds(absl::ToDoubleSeconds(took));
          core_->ComputeDone(unit, std::move(done), Now());
        }));
}

v1::UnitDone WorkerNode::ComputeUnit(uint64_t unit, Payload& payload) {
  const v1::Lease& lease = payload.lease;
  Parameters seen{payload.pulled.dense, payload.pulled.ids, payload.pulled.rows};
  const bool train = lease.kind() == v1::TRAIN;
  around_.watch.Computes(*this, assignment_.job_id(), lease.generation(), payload.version,
                         train ? PartRange{lease.first_part(), lease.end_part()} : PartRange{0, 0}, seen);
  v1::UnitDone done;
  if (lease.kind() == v1::EVALUATE) {
    v1::PartResult* result = done.add_parts();
    result->set_samples(lease.end_row() - lease.first_row());
    result->set_loss(static_cast<double>(result->samples()));
    return done;
  }
  std::vector<uint32_t> widths;
  for (const v1::TableSpec& spec : scenario().tables) widths.push_back(spec.columns());
  PartTree tree(scenario().job.micro_batches(), widths);
  const BatchRounding rounding(scenario().wire(), scenario().job.seed(), payload.version);
  for (uint32_t part = lease.first_part(); part < lease.end_part(); ++part) {
    const PartWork& work = payload.parts[part - lease.first_part()];
    *done.add_parts() = MadeUpResult(work, part);
    Gradient gradient = MadeUpGradient(scenario(), work, payload.version, part, seen);
    Round(NodeRounding(rounding, {part, part + 1}), widths, &gradient);
    tree.Insert({part, part + 1}, std::move(gradient), rounding);
  }
  Gradient sum = tree.Take();
  feedback_->Quantise(unit, lease.generation(), &sum);
  payload.gradient = std::make_shared<const Gradient>(std::move(sum));
  return done;
}

void WorkerNode::Do(const Push& effect) {
  const Payload* payload = Find(effect.unit);
  if (payload == nullptr || !router_ || router_->layout().epoch() != effect.layout_epoch) return;
  const Router::Positions positions = router_->SplitPush(*payload->gradient);
  for (const uint32_t server : effect.servers) {
    OutgoingPush push;
    push.head.mutable_header()->set_job_id(assignment_.job_id());
    push.head.mutable_header()->set_layout_epoch(effect.layout_epoch);
    push.head.mutable_header()->set_incarnation(incarnation());
    push.head.mutable_header()->set_lease_token(payload->lease.token());
    push.head.set_version(payload->lease.version());
    push.head.set_first_part(payload->lease.first_part());
    push.head.set_end_part(payload->lease.end_part());
    *push.head.mutable_rate_changes() = payload->lease.rate_changes();
    router_->FillPush(payload->gradient, server, positions[server], &push);
    feedback_->Sent(effect.unit, *router_, server);
    Ask<v1::PushResponse>(network_, *this, router_->layout().servers(static_cast<int>(server)).address(), Method::kPush,
                          ToMessage(push), kCallTimeout,
                          [this, serial = job_serial_, effect, server, router = *router_](
                              const absl::Status& status, const v1::PushResponse& response) {
                            if (serial == job_serial_) {
                              feedback_->Answered(effect.unit, router, server, status, response.outcome());
                              core_->PushAnswer(effect.unit, effect.attempt, server, status, response.outcome(), Now());
                            }
                          });
  }
}

void WorkerNode::Do(const pumasi::Drop& effect) {
  feedback_->End(effect.unit);
  payloads_.erase(effect.unit);
}

void WorkerNode::Do(const Fenced&) { Renew(); }

void WorkerNode::Do(const FailJob& effect) {
  // Nothing that the simulation does may end a job.
  world_.Fail(absl::StrCat(name(), " fails the job: ", effect.message));
}

}  // namespace pumasi::sim
