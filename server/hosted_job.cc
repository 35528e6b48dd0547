#include "server/hosted_job.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/shard_writer.h"
#include "common/error_detail.h"
#include "common/layout/batch_plan.h"
#include "common/log.h"
#include "common/paths.h"
#include "common/retry.h"
#include "common/rpc_error.h"

namespace pumasi {
namespace {

constexpr std::chrono::milliseconds kReportDeadline{2000};

}  // namespace

HostedJob::HostedJob(const Options& options, const v1::Assignment& assignment, v1::Scheduler::StubInterface& scheduler,
                     Files& files, std::function<void()> on_change)
    : options_(options), scheduler_(scheduler), files_(files), on_change_(std::move(on_change)) {
  Update(assignment);
  thread_ = std::thread([this] { Run(); });
}

HostedJob::~HostedJob() {
  {
    std::lock_guard lock(mutex_);
    dropped_ = true;
    wake_.notify_all();
  }
  thread_.join();
}

void HostedJob::Update(const v1::Assignment& assignment) {
  std::lock_guard lock(mutex_);
  assignment_ = assignment;
  workers_ = {assignment.workers().begin(), assignment.workers().end()};
  fenced_ = {assignment.fenced().begin(), assignment.fenced().end()};
  wake_.notify_all();
}

absl::Status HostedJob::CheckHeader(const v1::CallHeader& header) const {
  if (shard_ == nullptr) {
    return DetailedError(v1::ErrorDetail::UNAVAILABLE, absl::StrCat(options_.node, " is still making the tables"));
  }
  if (header.layout_epoch() != shard_->layout_epoch()) {
    v1::ErrorDetail detail;
    detail.set_reason(v1::ErrorDetail::STALE_LAYOUT);
    detail.set_layout_epoch(shard_->layout_epoch());
    return DetailedError(detail, absl::StrCat("the call is for layout epoch ", header.layout_epoch(), ", ",
                                              options_.node, " is at ", shard_->layout_epoch()));
  }
  if (fenced_.count(header.incarnation())) {
    return DetailedError(v1::ErrorDetail::STALE_INCARNATION,
                         "this worker was declared dead; its units are others' now");
  }
  if (!workers_.count(header.incarnation())) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION,
                         absl::StrCat(options_.node, " does not know this worker yet"));
  }
  return absl::OkStatus();
}

absl::Status HostedJob::Pull(const v1::PullRequest& request, v1::PullResponse* response) {
  std::lock_guard lock(mutex_);
  if (absl::Status status = CheckHeader(request.header()); !status.ok()) return status;
  return shard_->Pull(request, response);
}

absl::Status HostedJob::Push(const v1::PushRequest& request, v1::PushResponse* response, bool* version_changed) {
  std::lock_guard lock(mutex_);
  *version_changed = false;
  if (absl::Status status = CheckHeader(request.header()); !status.ok()) return status;
  const uint64_t before = shard_->version();
  absl::Status status = shard_->Push(request, response);
  const auto reason = ReasonOf(status);
  if (reason == v1::ErrorDetail::NOT_FINITE || reason == v1::ErrorDetail::OVER_LIMIT) {
    failure_ = std::string(status.message());
    wake_.notify_all();
  }
  *version_changed = shard_->version() != before;
  if (*version_changed) VersionChanged();
  if (shard_->waits_for_norms()) wake_.notify_all();
  return status;
}

void HostedJob::VersionChanged() {
  const uint64_t every = assignment_.job().checkpoint().every_batches();
  if (every == 0 || shard_->version() % every != 0) return;
  // Every server comes by the same version, and writes what it holds there: together one cut.
  reports_.push_back(SaveShard(absl::StrFormat(".checkpoint-%09d.tmp", shard_->version())));
  wake_.notify_all();
}

void HostedJob::FetchNorms(std::unique_lock<std::mutex>& lock) {
  v1::CombineNormsRequest request;
  request.set_incarnation(options_.incarnation);
  request.set_job_id(assignment_.job_id());
  request.set_layout_epoch(shard_->layout_epoch());
  request.set_version(shard_->version());
  for (const ExactSum& sum : shard_->squares()) sum.ToMessage(request.add_tables());
  lock.unlock();
  v1::CombineNormsResponse response;
  const absl::Status answered = Tell(request, &response, &v1::Scheduler::StubInterface::CombineNorms);
  lock.lock();
  if (!answered.ok()) {
    if (dropped_) return;
    if (ReasonOf(answered) == v1::ErrorDetail::UNKNOWN_JOB) {
      // The assignment that says so is on its way.
      wake_.wait_for(lock, kReportDeadline, [this] { return dropped_; });
    } else {
      failure_ = absl::StrCat("the scheduler refuses the norms of batch ", request.version(), ": ",
                              std::string(answered.message()));
    }
    return;
  }
  const uint64_t before = shard_->version();
  const absl::Status applied =
      shard_->ApplyNorms(request.version(), {response.squares().begin(), response.squares().end()});
  if (!applied.ok()) failure_ = std::string(applied.message());
  if (shard_->version() == before) return;
  VersionChanged();
  lock.unlock();
  on_change_();
  lock.lock();
}

absl::Status HostedJob::MakeShard() {
  v1::Assignment assignment;
  {
    std::lock_guard lock(mutex_);
    assignment = assignment_;
  }
  Shard::Options options;
  options.job = assignment.job();
  options.tables = {assignment.tables().begin(), assignment.tables().end()};
  options.layout = assignment.layout();
  options.incarnation = options_.incarnation;
  options.first_version = assignment.start().version();
  options.memory_limit = options_.memory_limit;
  options.rate_changes = {assignment.rate_changes().begin(), assignment.rate_changes().end()};
  auto shard = Shard::Create(options);
  if (!shard.ok()) return shard.status();
  if (!assignment.resume().empty()) {
    auto folder = UnderRoot(options_.output_root, assignment.resume());
    if (!folder.ok()) return folder.status();
    auto checkpoint = ModelFolder::Open(*folder);
    if (!checkpoint.ok()) return checkpoint.status();
    if (absl::Status status = (*shard)->Load(**checkpoint); !status.ok()) return status;
  }
  std::lock_guard lock(mutex_);
  shard_ = *std::move(shard);
  return absl::OkStatus();
}

HostedJob::Report HostedJob::SaveShard(const std::string& folder) {
  Report report{folder, shard_->version(), "", 0, 0, ""};
  int index = 0;
  for (int i = 0; i < assignment_.layout().servers_size(); ++i) {
    if (assignment_.layout().servers(i).incarnation() == options_.incarnation) index = i;
  }
  report.file = absl::StrFormat("shard-%05d-of-%05d", index, assignment_.layout().servers_size());
  const auto write = [&]() -> absl::StatusOr<ShardFileInfo> {
    auto output = UnderRoot(options_.output_root, assignment_.output());
    if (!output.ok()) return output.status();
    const std::string path = absl::StrCat(*output, "/", folder);
    if (absl::Status status = files_.MakeFolder(path); !status.ok()) return status;
    auto writer = ShardWriter::Create(files_, path + "/" + report.file);
    if (!writer.ok()) return writer.status();
    if (absl::Status status = shard_->Save(**writer); !status.ok()) return status;
    const BatchPlan plan{assignment_.data().train_rows(), assignment_.job().batch(), assignment_.job().micro_batches()};
    v1::Progress progress;
    progress.set_version(shard_->version());
    progress.set_epoch(plan.EpochOf(shard_->version()));
    progress.set_batch(plan.BatchOf(shard_->version()));
    return (*writer)->Finish(progress);
  };
  auto written = write();
  if (written.ok()) {
    report.size = written->size;
    report.crc32c = written->crc32c;
  } else {
    report.error = std::string(written.status().message());
  }
  Log(written.ok() ? Severity::kInfo : Severity::kWarn,
      written.ok() ? absl::StrCat("wrote ", folder, "/", report.file)
                   : absl::StrCat("could not write ", folder, ": ", report.error),
      {{"job", assignment_.job_id()}, {"batch", report.version}, {"bytes", report.size}});
  return report;
}

template <typename Request, typename Response, typename Method>
absl::Status HostedJob::Tell(const Request& request, Response* response, Method method) {
  Backoff backoff;
  std::minstd_rand random(static_cast<unsigned>(options_.incarnation));
  while (true) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kReportDeadline);
    const grpc::Status status = (scheduler_.*method)(&context, request, response);
    const absl::Status answer = ToAbsl(status);
    const bool waits = ReasonOf(answer) == v1::ErrorDetail::NOT_READY;
    const bool retry = waits || status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                       status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    if (!status.ok() && !waits) {
      Log(Severity::kWarn, absl::StrCat("the scheduler did not take a report: ", status.error_message()));
    }
    if (!retry) return answer;
    std::unique_lock lock(mutex_);
    if (waits && !dropped_) continue;  // it has waited at the scheduler
    const auto pause = absl::ToChronoMilliseconds(backoff.Next(random()));
    if (dropped_ || wake_.wait_for(lock, pause, [this] { return dropped_; })) {
      return absl::CancelledError("the job was dropped");
    }
  }
}

void HostedJob::TellFailure(const std::string& message) {
  v1::ReportFailureRequest request;
  request.set_incarnation(options_.incarnation);
  {
    std::lock_guard lock(mutex_);
    request.set_job_id(assignment_.job_id());
  }
  request.set_message(message);
  v1::ReportFailureResponse response;
  (void)Tell(request, &response, &v1::Scheduler::StubInterface::ReportFailure);
}

void HostedJob::Run() {
  if (absl::Status status = MakeShard(); !status.ok()) {
    TellFailure(std::string(status.message()));
    return;
  }
  on_change_();
  v1::ReportReadyRequest ready;
  ready.set_incarnation(options_.incarnation);
  {
    std::lock_guard lock(mutex_);
    ready.set_job_id(assignment_.job_id());
    ready.set_layout_epoch(assignment_.layout().epoch());
    Log(Severity::kInfo, "tables made",
        {{"job", assignment_.job_id()}, {"chunks", shard_->shape().chunks.size()}, {"version", shard_->version()}});
  }
  v1::ReportReadyResponse ready_response;
  (void)Tell(ready, &ready_response, &v1::Scheduler::StubInterface::ReportReady);
  std::unique_lock lock(mutex_);
  while (true) {
    const auto wants_save = [this] {
      return !assignment_.save_folder().empty() && assignment_.save_folder() != saved_folder_ &&
             shard_->version() == assignment_.save_version();
    };
    // The scheduler's assignments arrive through Update, which notifies; the time is only a safety net.
    wake_.wait_for(lock, std::chrono::seconds(1), [&] {
      return dropped_ || !reports_.empty() || !failure_.empty() || wants_save() || shard_->waits_for_norms();
    });
    if (dropped_) return;
    // First, since all workers wait for it.
    if (shard_->waits_for_norms() && failure_.empty()) FetchNorms(lock);
    if (dropped_) return;
    if (wants_save()) {
      saved_folder_ = assignment_.save_folder();
      reports_.push_back(SaveShard(saved_folder_));
    }
    const std::vector<Report> reports = std::exchange(reports_, {});
    const std::string failure = std::exchange(failure_, {});
    const std::string job_id = assignment_.job_id();
    const uint64_t layout_epoch = assignment_.layout().epoch();
    lock.unlock();
    for (const Report& report : reports) {
      v1::ReportShardSavedRequest request;
      request.set_incarnation(options_.incarnation);
      request.set_job_id(job_id);
      request.set_layout_epoch(layout_epoch);
      request.set_version(report.version);
      request.set_folder(report.folder);
      request.set_file(report.file);
      request.set_size(report.size);
      request.set_crc32c(report.crc32c);
      request.set_error(report.error);
      v1::ReportShardSavedResponse response;
      (void)Tell(request, &response, &v1::Scheduler::StubInterface::ReportShardSaved);
    }
    if (!failure.empty()) TellFailure(failure);
    lock.lock();
  }
}

}  // namespace pumasi
