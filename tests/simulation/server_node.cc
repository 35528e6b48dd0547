#include "tests/simulation/server_node.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "tests/simulation/rpc.h"

namespace pumasi::sim {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(5);
// Of a snapshot's turn: far less than a slot, so that batches come in between.
constexpr size_t kSlice = 100;

bool MayWait(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  return reason == v1::ErrorDetail::NOT_READY || reason == v1::ErrorDetail::UNAVAILABLE;
}

}  // namespace

void ServerNode::DropJob() {
  hosting_.reset();
  ++job_serial_;
  snapshots_.clear();
  writing_ = false;
  logs_.clear();
  log_writer_.reset();
  logging_ = false;
}

void ServerNode::TakeAssignments(const std::vector<v1::Assignment>& assignments) {
  if (assignments.empty()) {
    if (hosting_ == nullptr) return;
    world_.Trace(name(), " drops its job");
    DropJob();
    // Their job is unknown now: that is what they are answered.
    parked_.Retry(Now());
    return;
  }
  const v1::Assignment& assignment = assignments[0];
  if (hosting_ != nullptr && hosting_->assignment().job_id() != assignment.job_id()) TakeAssignments({});
  if (hosting_ == nullptr) {
    ++job_serial_;
    log_writer_.emplace(around_.files);
    hosting_ = std::make_unique<Hosting>(
        Hosting::Options{.incarnation = incarnation(), .node = name(), .output_root = "/out", .memory_limit = 0});
  }
  world_.Trace(name(), " is assigned ", assignment.job_id(), " epoch ", assignment.layout().epoch(), " generation ",
               assignment.layout().generation(), " ", v1::JobState_Name(assignment.state()));
  hosting_->Assign(assignment, Now());
}

absl::Status ServerNode::Call(const v1::PullRequest& request, v1::PullResponse* response) {
  OutgoingPull answer;
  const absl::Status status = hosting_->Pull(request, &answer);
  if (status.ok()) *response = ToMessage(answer);
  return status;
}

absl::Status ServerNode::Call(const v1::PushRequest& request, v1::PushResponse* response) {
  const absl::Status status = hosting_->Push(request, ValuesOf(request), response, Now());
  pushed_ = true;
  world_.Trace(name(), " push v", request.version(), " [", request.first_part(), ",", request.end_part(), ") epoch ",
               request.header().layout_epoch(), ": ",
               status.ok() ? v1::PushResponse::Outcome_Name(response->outcome()) : std::string(status.message()));
  const auto& fenced = hosting_->assignment().fenced();
  if (status.ok() && std::count(fenced.begin(), fenced.end(), request.header().incarnation()) > 0) {
    world_.Fail(absl::StrCat(name(), " takes a push of a worker that it knows to be fenced"));
  }
  return status;
}

template <typename Request, typename Response>
void ServerNode::ServeSlots(const Incoming& call) {
  auto request = std::make_shared<Request>();
  if (!request->ParseFromString(call.request)) return call.reply(absl::InvalidArgumentError("not a request"), "");
  parked_.Park(call.answer_by, [this, request, reply = call.reply](bool last) {
    Response response;
    const absl::Status status =
        hosting_ == nullptr || hosting_->assignment().job_id() != request->header().job_id()
            ? DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat(name(), " has no such job"))
            : Call(*request, &response);
    if (MayWait(status) && !last) return false;
    reply(status, status.ok() ? response.SerializeAsString() : "");
    return true;
  });
}

void ServerNode::Serve(Incoming call) {
  switch (call.method) {
    case Method::kPull:
      return ServeSlots<v1::PullRequest, v1::PullResponse>(call);
    case Method::kPush:
      return ServeSlots<v1::PushRequest, v1::PushResponse>(call);
    case Method::kFetchSlot:
      // Large slots take a while to travel.
      call.reply = [this, reply = std::move(call.reply)](const absl::Status& status, std::string bytes) {
        const auto took = absl::Microseconds(100 << random().Below(12));
        After(took, [reply, status, bytes = std::move(bytes)] { reply(status, bytes); });
      };
      return Answer<v1::FetchSlotRequest, v1::SlotState>(
          call, [this](const v1::FetchSlotRequest& request, v1::SlotState* response) -> absl::Status {
            if (hosting_ == nullptr) return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, "no such job");
            auto state = hosting_->FetchSlot(request);
            if (state.ok()) *response = *std::move(state);
            return state.status();
          });
    default:
      call.reply(absl::UnimplementedError(MethodName(call.method)), "");
  }
}

bool ServerNode::TakeChanged() {
  const bool changed = std::exchange(pushed_, false);
  return changed;
}

void ServerNode::AfterEvent() {
  if (hosting_ != nullptr) {
    if (Now() >= hosting_->NextDeadline()) hosting_->Tick(Now());
    DoEffects();
  }
  if ((hosting_ != nullptr && hosting_->changed() != seen_changed_) || Now() >= parked_.NextDeadline()) {
    if (hosting_ != nullptr) seen_changed_ = hosting_->changed();
    pushed_ = true;
    parked_.Retry(Now());
    if (hosting_ != nullptr) DoEffects();
  }
  WakeBy(parked_.NextDeadline());
  if (hosting_ != nullptr) WakeBy(hosting_->changed() != seen_changed_ ? Now() : hosting_->NextDeadline());
  around_.watch.ServerChanged(*this);
}

void ServerNode::DoEffects() {
  while (hosting_->HasEffects()) {
    HostingEffects effects = hosting_->TakeEffects();
    for (ShardWish& wish : effects.shards) Make(std::move(wish));
    for (const FetchWish& wish : effects.fetches) Fetch(wish);
    for (const TellWish& wish : effects.tells) Tell(wish);
    for (auto& snapshot : effects.snapshots) snapshots_.push_back(std::move(snapshot));
    if (!snapshots_.empty() && !writing_) {
      writing_ = true;
      Write();
    }
    for (LogWish& wish : effects.logs) logs_.push_back(std::move(wish));
    if (!logs_.empty() && !logging_) {
      logging_ = true;
      WriteLog();
    }
  }
}

void ServerNode::Make(ShardWish wish) {
  world_.Trace(name(), " makes tables at version ", wish.options.first_version, wish.resume.empty() ? "" : " from ",
               wish.resume);
  After(absl::Microseconds(random().Between(100, 20000)), [this, serial = job_serial_, wish = std::move(wish)] {
    if (serial != job_serial_) return;
    pushed_ = true;
    hosting_->ShardMade(wish.ticket, MakeShard(wish, around_.files), Now());
  });
}

void ServerNode::Fetch(const FetchWish& wish) {
  world_.Trace(name(), " fetches slot ", wish.request.slot(), " since ", wish.request.since(), " epoch ",
               wish.request.header().layout_epoch(), " from ", wish.address);
  Ask<v1::SlotState>(network_, *this, wish.address, Method::kFetchSlot, wish.request, kCallTimeout,
                     [this, serial = job_serial_, wish](const absl::Status& status, const v1::SlotState& state) {
                       if (serial != job_serial_) return;
                       pushed_ = true;
                       if (status.ok()) return hosting_->Fetched(wish.ticket, state, Now());
                       hosting_->Fetched(wish.ticket, status, Now());
                     });
}

template <typename Response, typename Request>
void ServerNode::TellScheduler(Method method, uint64_t ticket, const Request& request) {
  Ask<Response>(network_, *this, kSchedulerName, method, request, kCallTimeout,
                [this, serial = job_serial_, ticket](const absl::Status& status, const Response& response) {
                  if (serial != job_serial_) return;
                  if (ReasonOf(status) == v1::ErrorDetail::STALE_INCARNATION) Renew();
                  if constexpr (std::is_same_v<Response, v1::CombineNormsResponse>) {
                    hosting_->Told(ticket, status, response, Now());
                  } else {
                    hosting_->Told(ticket, status, {}, Now());
                  }
                });
}

void ServerNode::Tell(const TellWish& wish) {
  std::visit(
      [&](const auto& request) {
        using Request = std::decay_t<decltype(request)>;
        world_.Trace(name(), " tells ", request.GetDescriptor()->name(), " ",
                     world_.tracing() ? request.ShortDebugString() : "");
        if constexpr (std::is_same_v<Request, v1::ReportReadyRequest>) {
          TellScheduler<v1::ReportReadyResponse>(Method::kReportReady, wish.ticket, request);
        } else if constexpr (std::is_same_v<Request, v1::ReportFilledRequest>) {
          TellScheduler<v1::ReportFilledResponse>(Method::kReportFilled, wish.ticket, request);
        } else if constexpr (std::is_same_v<Request, v1::ReportShardSavedRequest>) {
          TellScheduler<v1::ReportShardSavedResponse>(Method::kReportShardSaved, wish.ticket, request);
        } else if constexpr (std::is_same_v<Request, v1::CombineNormsRequest>) {
          TellScheduler<v1::CombineNormsResponse>(Method::kCombineNorms, wish.ticket, request);
        } else {
          static_assert(std::is_same_v<Request, v1::ReportFailureRequest>);
          TellScheduler<v1::ReportFailureResponse>(Method::kReportFailure, wish.ticket, request);
        }
      },
      wish.request);
}

void ServerNode::Write() {
  if (snapshots_.empty()) {
    writing_ = false;
    return;
  }
  Snapshot& snapshot = *snapshots_.front();
  if (!snapshot.done()) snapshot.Copy(kSlice);
  After(absl::Microseconds(20 << random().Below(8)), [this, serial = job_serial_] {
    if (serial != job_serial_) return;
    const std::shared_ptr<Snapshot> snapshot = snapshots_.front();
    const absl::Status status = snapshot->Write(around_.files);
    if (status.ok() && !snapshot->done()) return Write();
    world_.Trace(name(), " wrote ", snapshot->target().file, ": ", status.ToString());
    snapshots_.pop_front();
    hosting_->SnapshotWritten(*snapshot, status, Now());
    Write();
  });
}

void ServerNode::WriteLog() {
  After(absl::Microseconds(20 << random().Below(6)), [this, serial = job_serial_] {
    if (serial != job_serial_) return;
    const absl::Status status = log_writer_->Write(logs_.front());
    if (!status.ok()) return Logged(status);
    After(absl::Nanoseconds(random().Between(10 * kMicrosecond, around_.scenario().sync)), [this, serial] {
      if (serial == job_serial_) Logged(log_writer_->Sync());
    });
  });
}

void ServerNode::Logged(const absl::Status& status) {
  if (!status.ok()) {
    world_.Trace(name(), " could not write its log: ", status.ToString());
    around_.watch.LogFailed(hosting_->assignment().job_id());
  }
  const uint64_t ticket = logs_.front().ticket;
  logs_.pop_front();
  logging_ = false;
  hosting_->Logged(ticket, status, Now());
  if (logs_.empty()) return;
  logging_ = true;
  WriteLog();
}

}  // namespace pumasi::sim
