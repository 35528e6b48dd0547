#include "worker/exchange/ps_exchange.h"

#include <grpcpp/grpcpp.h>

#include <deque>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/retry.h"
#include "common/rpc_error.h"

namespace pumasi {
namespace {

using Steady = std::chrono::steady_clock;

// May the same call succeed a little later?
bool MayPass(const grpc::Status& status) {
  switch (ReasonOf(status)) {
    case v1::ErrorDetail::NOT_READY:
    case v1::ErrorDetail::UNAVAILABLE:
    case v1::ErrorDetail::UNKNOWN_INCARNATION:
    case v1::ErrorDetail::CORRUPT:
      return true;
    case v1::ErrorDetail::REASON_UNSPECIFIED:
      return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
             status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    default:
      return false;
  }
}

}  // namespace

// One round of calls, at most one to each server.
class PsExchange::Calls {
 public:
  struct Call {
    size_t server;
    grpc::ClientContext context;
    grpc::Status status;
  };
  std::deque<Call> calls;
  size_t running = 0;  // GUARDED_BY the exchange's mutex
  std::function<bool()> give_way;

  bool GivesWay() const { return give_way && give_way(); }
  void Cancel() {
    for (Call& call : calls) call.context.TryCancel();
  }
};

PsExchange::PsExchange(const Options& options, Router router,
                       const std::vector<std::shared_ptr<grpc::Channel>>& channels)
    : options_(options), router_(std::move(router)) {
  for (const auto& channel : channels) stubs_.push_back(v1::ParameterServer::NewStub(channel));
}

PsExchange::~PsExchange() = default;

void PsExchange::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (Calls* calls : in_flight_) calls->Cancel();
  changed_.notify_all();
}

void PsExchange::Interrupt() {
  std::lock_guard lock(mutex_);
  for (Calls* calls : in_flight_) {
    if (calls->GivesWay()) calls->Cancel();
  }
  changed_.notify_all();
}

absl::Status PsExchange::UntilAll(const std::string& what, const Start& start,
                                  const std::function<absl::Status(size_t)>& take,
                                  const std::function<bool()>& give_way) {
  const auto give_up = Steady::now() + options_.stall_timeout;
  std::vector<bool> done(router_.servers(), false);
  std::minstd_rand random(static_cast<unsigned>(options_.incarnation));
  Backoff backoff({.longest = absl::Seconds(1)});
  while (true) {
    Calls round;
    round.give_way = give_way;
    for (size_t server = 0; server < done.size(); ++server) {
      if (!done[server]) {
        round.calls.emplace_back().server = server;
        round.calls.back().context.set_deadline(std::chrono::system_clock::now() + options_.call_timeout);
      }
    }
    {
      std::lock_guard lock(mutex_);
      if (cancelled_) return absl::CancelledError(absl::StrCat(what, " was cancelled"));
      round.running = round.calls.size();
      in_flight_.insert(&round);
      // Looked at after the round can be found: an Interrupt comes either before this, and is seen here, or after, and
      // finds it.
      if (round.GivesWay()) round.Cancel();
    }
    for (auto& call : round.calls) {
      start(call.server, &call.context, [this, &round, &call](grpc::Status status) {
        std::lock_guard lock(mutex_);
        call.status = std::move(status);
        --round.running;
        changed_.notify_all();
      });
    }
    {
      // Bounded: every call has its deadline.
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return round.running == 0; });
      in_flight_.erase(&round);
    }
    if (round.GivesWay()) return absl::AbortedError(absl::StrCat(what, " gave way"));
    std::string waiting_for;
    for (auto& call : round.calls) {
      absl::Status status = ToAbsl(call.status);
      bool again = MayPass(call.status);
      if (call.status.ok()) {
        status = take(call.server);
        again = absl::IsDataLoss(status);
      }
      done[call.server] = status.ok();
      if (!status.ok() && !again) return status;
      if (!status.ok())
        waiting_for = absl::StrCat(router_.layout().servers(call.server).node(), ": ", status.message());
    }
    if (waiting_for.empty()) return absl::OkStatus();
    if (Steady::now() > give_up) return absl::DeadlineExceededError(absl::StrCat(what, " waited for ", waiting_for));
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoMilliseconds(backoff.Next(random())),
                      [&] { return cancelled_ || round.GivesWay(); });
  }
}

void PsExchange::FillHeader(uint64_t lease_token, v1::CallHeader* header) const {
  header->set_job_id(options_.job_id);
  header->set_layout_epoch(router_.layout().epoch());
  header->set_incarnation(options_.incarnation);
  header->set_lease_token(lease_token);
}

absl::Status PsExchange::Pull(uint64_t version, uint64_t lease_token, PulledParameters* out,
                              const std::function<bool()>& give_way) {
  router_.Prepare(out);
  const auto positions = router_.Split(out->ids);
  std::vector<v1::PullRequest> requests(stubs_.size());
  std::vector<v1::PullResponse> responses(stubs_.size());
  for (size_t server = 0; server < stubs_.size(); ++server) {
    FillHeader(lease_token, requests[server].mutable_header());
    requests[server].set_version(version);
    requests[server].set_dense(true);
    if (!positions[server].empty()) router_.FillKeys(out->ids, positions[server], requests[server].add_rows());
  }
  return UntilAll(
      absl::StrCat("pull of version ", version),
      [&](size_t server, grpc::ClientContext* context, std::function<void(grpc::Status)> done) {
        responses[server].Clear();
        stubs_[server]->async()->Pull(context, &requests[server], &responses[server], std::move(done));
      },
      [&](size_t server) {
        pulled_ += requests[server].ByteSizeLong() + responses[server].ByteSizeLong();
        return router_.Take(responses[server], server, positions[server], out);
      },
      give_way);
}

absl::Status PsExchange::Push(uint64_t version, PartRange range, uint64_t lease_token, const Gradient& gradient,
                              const google::protobuf::RepeatedPtrField<v1::RateChange>& rate_changes) {
  const auto positions = router_.row_table() < 0 ? std::vector<std::vector<uint32_t>>(stubs_.size())
                                                 : router_.Split(gradient.rows[router_.row_table()].ids);
  std::vector<v1::PushRequest> requests(stubs_.size());
  std::vector<v1::PushResponse> responses(stubs_.size());
  for (size_t server = 0; server < stubs_.size(); ++server) {
    FillHeader(lease_token, requests[server].mutable_header());
    requests[server].set_version(version);
    requests[server].set_first_part(range.first);
    requests[server].set_end_part(range.end);
    *requests[server].mutable_rate_changes() = rate_changes;
    router_.FillPush(gradient, server, positions[server], &requests[server]);
  }
  return UntilAll(
      absl::StrCat("push of ", ToString(range), " of batch ", version),
      [&](size_t server, grpc::ClientContext* context, std::function<void(grpc::Status)> done) {
        stubs_[server]->async()->Push(context, &requests[server], &responses[server], std::move(done));
      },
      [&](size_t server) {
        pushed_ += requests[server].ByteSizeLong() + responses[server].ByteSizeLong();
        return absl::OkStatus();
      });
}

PsExchange::Bytes PsExchange::TakeBytes() { return {pulled_.exchange(0), pushed_.exchange(0)}; }

}  // namespace pumasi
