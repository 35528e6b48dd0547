// HostedJob and its time: what workers and the scheduler learn of it.
#include <grpcpp/client_context.h>

#include <memory>
#include <utility>

#include "server/hosted_job.h"

namespace pumasi {
namespace {

constexpr absl::Duration kTellUseEvery = absl::Seconds(1);
constexpr absl::Duration kTellUseDeadline = absl::Seconds(2);

}  // namespace

void HostedJob::Answered(const v1::PullRequest& request, absl::Duration received, v1::ServedTime* time) {
  std::lock_guard lock(mutex_);
  times_.Answered(request, received, around_.clock.Now(), time);
}

std::optional<uint64_t> HostedJob::Reached(uint64_t before) const {
  return Batches() > before ? hosting_.shard()->LeastVersion() : std::nullopt;
}

bool HostedJob::UseDue(absl::Duration now) {
  if (now - use_told_ < kTellUseEvery) return false;
  use_told_ = now;
  return true;
}

void HostedJob::TellUse() {
  struct Call {
    v1::ReportUseRequest request;
    v1::ReportUseResponse response;
  };
  auto call = std::make_shared<Call>();
  {
    std::lock_guard lock(mutex_);
    auto use = times_.Take(around_.clock.Now());
    if (!use) return;
    call->request.set_incarnation(options_.incarnation);
    call->request.set_job_id(hosting_.assignment().job_id());
    *call->request.mutable_time() = *std::move(use);
  }
  auto context = BeginCall(kTellUseDeadline);
  if (context == nullptr) return;
  around_.scheduler.async()->ReportUse(context.get(), &call->request, &call->response,
                                       [this, context, call](const grpc::Status&) { calls_.End(context.get()); });
}

}  // namespace pumasi
