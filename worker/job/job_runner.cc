#include "worker/job/job_runner.h"

#include <grpcpp/channel.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/error_detail.h"
#include "common/job_mode.h"
#include "common/log.h"

namespace pumasi {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kAnnounceEvery{1000};
constexpr milliseconds kLookEvery{10000};

double SecondsSince(Steady::time_point start) { return std::chrono::duration<double>(Steady::now() - start).count(); }

bool TrainingHasBegun(const v1::Assignment& assignment) {
  return assignment.state() == v1::TRAINING || assignment.state() == v1::EVALUATING;
}

}  // namespace

JobRunner::JobRunner(const Options& options, const v1::Assignment& assignment, v1::Scheduler::StubInterface& scheduler)
    : options_(options),
      job_id_(assignment.job_id()),
      client_(scheduler, assignment.job_id(), options.incarnation, options.call_timeout),
      assignment_(assignment) {
  thread_ = std::thread([this] { Run(); });
}

JobRunner::~JobRunner() {
  Stop();
  thread_.join();
}

void JobRunner::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  client_.Cancel();
}

void JobRunner::Update(const v1::Assignment& assignment) {
  std::lock_guard lock(mutex_);
  assignment_ = assignment;
  updated_ = true;
  changed_.notify_all();
}

void JobRunner::Run() {
  auto prepared = Prepare();
  if (!prepared.ok()) {
    if (stopped()) return;
    Log(Severity::kError, absl::StrCat("cannot read the data: ", prepared.status().message()), {{"job", job_id_}});
    (void)client_.ReportFailure(std::string(prepared.status().message()));
    return;
  }
  if (Announce(*prepared)) Train(*prepared);
}

absl::StatusOr<Prepared> JobRunner::Prepare() {
  v1::Assignment assignment;
  {
    std::lock_guard lock(mutex_);
    assignment = assignment_;
  }
  PrepareOptions options;
  options.data_root = options_.data_root;
  options.cache_folder = options_.cache;
  options.threads = options_.input_threads;
  options.who = absl::StrCat("job ", job_id_, ", process ", getpid());
  options.cancelled = [this] { return stopped(); };
  const auto start = Steady::now();
  auto prepared = PrepareData(assignment.job(), assignment.base(), options);
  if (prepared.ok()) {
    Log(Severity::kInfo, "data prepared",
        {{"job", job_id_},
         {"train_rows", prepared->summary.train_rows()},
         {"test_rows", prepared->summary.test_rows()},
         {"vocabulary", prepared->summary.vocabulary()},
         {"skipped", prepared->summary.skipped_rows()},
         {"seconds", SecondsSince(start)}});
  }
  return prepared;
}

absl::Status JobRunner::Tell(const Prepared& prepared, bool* told) {
  auto upload = client_.ReportPrepared(prepared.summary);
  *told = *told || upload.ok();
  return upload.ok() && *upload ? client_.Upload(prepared.assets) : upload.status();
}

bool JobRunner::Announce(const Prepared& prepared) {
  bool told = false;
  while (!stopped()) {
    const absl::Status status = Tell(prepared, &told);
    const auto reason = ReasonOf(status);
    if (reason == v1::ErrorDetail::STALE_INCARNATION) options_.on_fenced();
    if (status.code() == absl::StatusCode::kFailedPrecondition || reason == v1::ErrorDetail::UNKNOWN_JOB) {
      Log(Severity::kWarn, absl::StrCat("does not take part: ", status.message()), {{"job", job_id_}});
      return false;
    }
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return stopped_ || TrainingHasBegun(assignment_); };
    changed_.wait_for(lock, kAnnounceEvery, ready);
    if (told && ready()) return !stopped_;
  }
  return false;
}

absl::StatusOr<std::vector<std::unique_ptr<Model>>> JobRunner::MakeModels(const v1::Assignment& assignment) const {
  const std::vector<v1::TableSpec> tables(assignment.tables().begin(), assignment.tables().end());
  const size_t parts = std::max<size_t>(assignment.job().micro_batches(), 1);
  if (parts < options_.devices.size()) {
    Log(Severity::kWarn,
        "the job's batches have fewer parts than this worker has devices; the others have nothing to do",
        {{"job", job_id_}, {"micro_batches", parts}, {"devices", options_.devices.size()}});
  }
  std::vector<std::unique_ptr<Model>> models;
  for (size_t i = 0; i < std::min(parts, options_.devices.size()); ++i) {
    auto model = Model::Create(assignment.job(), tables, options_.devices[i]);
    if (!model.ok()) return model.status();
    models.push_back(*std::move(model));
  }
  return models;
}

absl::StatusOr<std::unique_ptr<WorkPipeline>> JobRunner::MakePipeline(const v1::Assignment& assignment,
                                                                      const Prepared& prepared) {
  WorkPipeline::Options options;
  options.core.job_id = job_id_;
  options.core.incarnation = options_.incarnation;
  options.core.seed = options_.incarnation;
  options.core.call_timeout = absl::FromChrono(options_.call_timeout);
  options.trace = assignment.trace();
  options.shape = WorkShapeOf(assignment.job(), assignment.data());
  options.tables = {assignment.tables().begin(), assignment.tables().end()};
  options.train = prepared.train.get();
  options.test = prepared.test.get();
  options.make_link = options_.make_link;
  options.on_fenced = options_.on_fenced;
  options.on_compute_error = [this](const absl::Status& error) {
    if (!options_.devices[0] || !(absl::IsInternal(error) || absl::IsResourceExhausted(error))) return false;
    options_.on_broken_device(std::string(error.message()));
    return true;
  };
  if (ReducesByRing(assignment.job())) {
    RingExchange::Options& ring = options.ring.emplace();
    auto host = options_.ring_host();
    if (!host.ok()) return host.status();
    ring.job_id = job_id_;
    ring.incarnation = options_.incarnation;
    ring.host = *std::move(host);
    ring.shape = {options.tables, options.shape.plan.parts,
                  assignment.job().allreduce().rows() == v1::ROW_REDUCTION_DENSE};
    ring.stall_timeout = absl::Seconds(assignment.job().stall_timeout());
  }
  auto models = MakeModels(assignment);
  if (!models.ok()) return models.status();
  return std::make_unique<WorkPipeline>(std::move(options), *std::move(models), client_, RealClock());
}

void JobRunner::Train(const Prepared& prepared) {
  std::unique_lock lock(mutex_);
  updated_ = true;
  while (!stopped_) {
    if (!updated_) {
      // A job that failed and was resumed prepares once more; whoever did not see it fail hears of that here.
      const bool prepares = assignment_.state() == v1::PREPARING;
      changed_.wait_for(lock, prepares ? kAnnounceEvery : kLookEvery, [this] { return stopped_ || updated_; });
      if (stopped_ || updated_ || !prepares) continue;
      lock.unlock();
      bool told = false;
      (void)Tell(prepared, &told);  // what is wrong shows when it is told again
      lock.lock();
      continue;
    }
    updated_ = false;
    const v1::Assignment assignment = assignment_;
    absl::Status status;
    if (pipeline_ == nullptr) {
      lock.unlock();
      auto made = MakePipeline(assignment, prepared);
      lock.lock();
      status = made.status();
      if (made.ok()) pipeline_ = *std::move(made);
    }
    lock.unlock();
    if (status.ok()) status = pipeline_->Update(assignment);
    if (!status.ok()) {
      Log(Severity::kError, status.message(), {{"job", job_id_}});
      (void)client_.ReportFailure(std::string(status.message()));
    }
    lock.lock();
  }
  // It uses `prepared`.
  const std::unique_ptr<WorkPipeline> pipeline = std::move(pipeline_);
  lock.unlock();
}

void JobRunner::AddMetrics(MetricSet* metrics) {
  std::lock_guard lock(mutex_);
  if (pipeline_ != nullptr) pipeline_->AddMetrics(metrics);
}

}  // namespace pumasi
