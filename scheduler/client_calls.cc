// SchedulerService's calls for clients: jobs are submitted, watched, cancelled, resumed and audited, nodes
// listed and drained.
#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/checkpoint/manifest.h"
#include "common/error_detail.h"
#include "common/field_rules.h"
#include "common/job_check.h"
#include "common/paths.h"
#include "common/rpc_error.h"
#include "scheduler/service.h"

namespace pumasi {
namespace {

// Batches in one answer.
constexpr uint32_t kMostAudited = 1000;

std::string NewJobId(const std::string& name) {
  std::random_device device;
  return absl::StrCat(name, "-", absl::Hex(device() & 0xffffff, absl::kZeroPad6));
}

}  // namespace

absl::StatusOr<JobRun::Spec> SchedulerService::MakeSpec(const v1::SubmitRequest& request) const {
  // pumasi does the same before it submits; but any client may call, and from here on everybody relies on it.
  v1::Job job = request.job();
  if (absl::Status status = CompleteMessage(&job); !status.ok()) return status;
  if (absl::Status status = CheckJob(job); !status.ok()) return status;
  auto output = UnderRoot(options_.output_root, request.output());
  if (!output.ok()) return output.status();
  JobRun::Spec spec{NewJobId(job.name()), request, *output, std::nullopt};
  *spec.request.mutable_job() = std::move(job);
  if (!request.resume().empty()) {
    auto resume = UnderRoot(options_.output_root, request.resume());
    if (!resume.ok()) return resume.status();
    auto manifest = ReadManifest(files_, *resume);
    if (!manifest.ok()) return manifest.status();
    spec.request.set_resume(*resume);
    spec.resume = *std::move(manifest);
  }
  return spec;
}

SchedulerService::Reactor* SchedulerService::Submit(Context* context, const v1::SubmitRequest* request,
                                                    v1::SubmitResponse* response) {
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    auto spec = MakeSpec(*request);
    if (!spec.ok()) return spec.status();
    auto id = cluster_.Submit(*std::move(spec), now);
    // Jobs may have been forgotten for it.
    std::erase_if(labels_, [&](const auto& entry) { return !cluster_.Find(entry.first).ok(); });
    std::erase_if(logged_, [&](const auto& entry) { return !cluster_.Find(entry.first).ok(); });
    if (id.ok()) response->set_job_id(*id);
    return id.status();
  });
}

v1::JobStatus SchedulerService::StatusOf(const JobRun& job, absl::Duration now) const {
  v1::JobStatus status = job.Status(now);
  if (const auto labels = labels_.find(job.id()); labels != labels_.end()) {
    *status.mutable_labels() = {labels->second.begin(), labels->second.end()};
  }
  return status;
}

SchedulerService::Reactor* SchedulerService::ListJobs(Context* context, const v1::ListJobsRequest*,
                                                      v1::ListJobsResponse* response) {
  return Serve(context, [&](absl::Duration now) {
    for (const JobRun* job : cluster_.jobs()) *response->add_jobs() = job->Status(now);
    return absl::OkStatus();
  });
}

SchedulerService::Reactor* SchedulerService::GetJob(Context* context, const v1::GetJobRequest* request,
                                                    v1::GetJobResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  watchers_.Park(AnswerBy(context->deadline(), kLongestWait), [=, this](bool last) {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status::CANCELLED);
      return true;
    }
    std::unique_lock lock(mutex_);
    auto job = cluster_.Find(request->job_id());
    if (job.ok() && (*job)->change() <= request->seen_change() && !(*job)->ended() && !last) return false;
    if (job.ok()) *response->mutable_job() = StatusOf(**job, time_.Now());
    lock.unlock();
    reactor->Finish(ToGrpc(job.status()));
    return true;
  });
  return reactor;
}

SchedulerService::Reactor* SchedulerService::Cancel(Context* context, const v1::CancelRequest* request,
                                                    v1::CancelResponse*) {
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    auto job = cluster_.Find(request->job_id());
    if (!job.ok()) return job.status();
    if ((*job)->ended()) {
      return absl::FailedPreconditionError(
          absl::StrCat("job ", request->job_id(), " has ended: ", v1::JobState_Name((*job)->state())));
    }
    (*job)->Cancel(now);
    return absl::OkStatus();
  });
}

SchedulerService::Reactor* SchedulerService::Resume(Context* context, const v1::ResumeRequest* request,
                                                    v1::ResumeResponse*) {
  return Serve(context, [&](absl::Duration now) { return cluster_.Resume(request->job_id(), now); });
}

SchedulerService::Reactor* SchedulerService::Drain(Context* context, const v1::DrainRequest* request,
                                                   v1::DrainResponse*) {
  return Serve(context, [&](absl::Duration now) { return cluster_.Drain(request->node(), request->undo(), now); });
}

SchedulerService::Reactor* SchedulerService::GetTrace(Context* context, const v1::GetTraceRequest* request,
                                                      v1::GetTraceResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  absl::Status status;
  {
    std::lock_guard lock(mutex_);
    auto job = cluster_.Find(request->job_id());
    if (job.ok()) *response = (*job)->profile().trace().From(request->first());
    status = job.status();
  }
  reactor->Finish(ToGrpc(status));
  return reactor;
}

SchedulerService::Reactor* SchedulerService::Audit(Context* context, const v1::AuditRequest* request,
                                                   v1::AuditResponse* response) {
  return Serve(context, [&](absl::Duration) -> absl::Status {
    auto job = cluster_.Find(request->job_id());
    if (!job.ok()) return job.status();
    *response = (*job)->Audit();
    return ReadAudit(**job, request->first_version(), std::min(request->count(), kMostAudited), response);
  });
}

absl::Status SchedulerService::ReadAudit(const JobRun& job, uint64_t first, uint32_t count,
                                         v1::AuditResponse* response) {
  first = std::max(first, job.FirstVersion());
  const uint64_t end = first < job.audited_end() ? std::min(first + count, job.audited_end()) : first;
  // Versions have 20 digits: a hundred of them share the first 18.
  for (uint64_t hundred = first / 100; hundred * 100 < end; ++hundred) {
    auto entries = store_.List(absl::StrCat(AuditPrefix(job.id()), absl::StrFormat("%018d", hundred)));
    if (!entries.ok()) return entries.status();
    for (const StoreEntry& entry : *entries) {
      v1::AuditBatch batch;
      if (!batch.ParseFromString(entry.value)) {
        return absl::DataLossError(absl::StrCat("the scheduler's store: record ", entry.key, " is damaged"));
      }
      if (batch.version() >= first && batch.version() < end) *response->add_batches() = std::move(batch);
    }
  }
  return absl::OkStatus();
}

SchedulerService::Reactor* SchedulerService::ListNodes(Context* context, const v1::ListNodesRequest*,
                                                       v1::ListNodesResponse* response) {
  return Serve(context, [&](absl::Duration now) {
    for (v1::NodeStatus& node : cluster_.Nodes(now)) *response->add_nodes() = std::move(node);
    return absl::OkStatus();
  });
}

}  // namespace pumasi
