#include "worker/job/job_runner.h"

#include <grpcpp/channel.h>
#include <unistd.h>

#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/log.h"
#include "common/retry.h"

namespace pumasi {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Leases held at a time: one pushing, one computing, two read or on their way to be read.
constexpr uint32_t kLeases = 4;
constexpr milliseconds kAnnounceEvery{1000};

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
    if (exchange_ != nullptr) exchange_->Cancel();
  }
  client_.Cancel();
  leases_.Close();
  units_.Close();
  results_.Close();
}

void JobRunner::Update(const v1::Assignment& assignment) {
  std::lock_guard lock(mutex_);
  assignment_ = assignment;
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

bool JobRunner::Announce(const Prepared& prepared) {
  bool told = false;
  while (!stopped()) {
    auto upload = client_.ReportPrepared(prepared.summary);
    absl::Status status = upload.status();
    if (upload.ok() && *upload) status = client_.Upload(prepared.assets);
    told = told || upload.ok();
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

absl::Status JobRunner::SetUp() {
  v1::Assignment assignment;
  {
    std::lock_guard lock(mutex_);
    assignment = assignment_;
  }
  tables_ = {assignment.tables().begin(), assignment.tables().end()};
  shape_ = WorkShapeOf(assignment.job(), assignment.data());
  auto model = Model::Create(assignment.job(), tables_, options_.cuda_device);
  if (!model.ok()) return model.status();
  model_ = *std::move(model);
  auto router = Router::Create(tables_, assignment.layout());
  if (!router.ok()) return router.status();
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (const auto& server : assignment.layout().servers()) {
    auto channel = options_.make_channel(server.address());
    if (!channel.ok()) return channel.status();
    channels.push_back(*std::move(channel));
  }
  PsExchange::Options options;
  options.job_id = job_id_;
  options.incarnation = options_.incarnation;
  options.call_timeout = options_.call_timeout;
  options.stall_timeout = milliseconds(static_cast<int64_t>(assignment.job().stall_timeout() * 1000));
  std::lock_guard lock(mutex_);
  exchange_ = std::make_unique<PsExchange>(options, *std::move(router), channels);
  if (stopped_) exchange_->Cancel();
  return absl::OkStatus();
}

void JobRunner::Train(const Prepared& prepared) {
  if (absl::Status status = SetUp(); !status.ok()) {
    (void)client_.ReportFailure(std::string(status.message()));
    return;
  }
  std::thread lease([this] { LeaseLoop(); });
  std::thread read([this, &prepared] { ReadLoop(prepared); });
  std::thread push([this] { PushLoop(); });
  ComputeLoop();
  lease.join();
  read.join();
  push.join();
}

void JobRunner::LeaseLoop() {
  Backoff backoff;
  uint64_t tries = options_.incarnation;
  while (!stopped()) {
    v1::LeaseUnitsRequest request;
    request.set_hold_at_most(kLeases);
    {
      std::lock_guard lock(mutex_);
      for (const uint64_t token : held_) request.add_held(token);
    }
    auto response = client_.LeaseUnits(std::move(request));
    if (!response.ok()) {
      Handle(response.status(), {});
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, absl::ToChronoMilliseconds(backoff.Next(++tries)), [this] { return stopped_.load(); });
      continue;
    }
    backoff.Reset();
    {
      std::lock_guard lock(mutex_);
      for (const v1::Lease& lease : response->leases()) held_.insert(lease.token());
    }
    for (v1::Lease& lease : *response->mutable_leases()) leases_.Push({std::move(lease)});
  }
}

void JobRunner::ReadLoop(const Prepared& prepared) {
  LeasedUnit leased;
  while (leases_.Pop(&leased)) {
    const auto start = Steady::now();
    auto unit = ReadUnit(leased.lease, shape_, *prepared.train, prepared.test.get());
    AddUse([](v1::WorkerUse& use, double s) { use.set_seconds_reading(use.seconds_reading() + s); },
           SecondsSince(start));
    if (unit.ok()) {
      units_.Push(*std::move(unit));
      exchange_->Interrupt();
    } else {
      Handle(unit.status(), leased.lease);
    }
  }
}

void JobRunner::ComputeLoop() {
  Unit unit;
  while (true) {
    auto start = Steady::now();
    if (!units_.Pop(&unit)) return;
    AddUse([](v1::WorkerUse& use, double s) { use.set_seconds_waiting_for_lease(use.seconds_waiting_for_lease() + s); },
           SecondsSince(start));
    start = Steady::now();
    PulledParameters parameters;
    parameters.ids = unit.ids;
    absl::Status status = exchange_->Pull(unit.lease.version(), unit.lease.token(), &parameters,
                                          [&] { return units_.HasBefore(unit.lease); });
    AddUse([](v1::WorkerUse& use, double s) { use.set_seconds_pulling(use.seconds_pulling() + s); },
           SecondsSince(start));
    if (absl::IsAborted(status) && units_.HasBefore(unit.lease)) {
      units_.Push(std::move(unit));
      continue;
    }
    if (ReasonOf(status) == v1::ErrorDetail::TOO_LATE && unit.lease.kind() == v1::TRAIN) {
      ReportDone(UnknownOutcome(unit));
      continue;
    }
    if (!status.ok()) {
      Handle(status, unit.lease);
      continue;
    }
    start = Steady::now();
    auto result = ComputeUnit(unit, parameters, shape_, tables_, *model_);
    AddUse([](v1::WorkerUse& use, double s) { use.set_seconds_computing(use.seconds_computing() + s); },
           SecondsSince(start));
    if (result.ok()) {
      results_.Push(*std::move(result));
    } else if (options_.cuda_device &&
               (absl::IsInternal(result.status()) || absl::IsResourceExhausted(result.status()))) {
      options_.on_broken_device(std::string(result.status().message()));
      return;
    } else {
      Handle(result.status(), unit.lease);
    }
  }
}

void JobRunner::PushLoop() {
  UnitResult result;
  while (results_.Pop(&result)) {
    if (result.lease.kind() == v1::TRAIN) {
      const auto start = Steady::now();
      const PartRange range{result.lease.first_part(), result.lease.end_part()};
      absl::Status status = exchange_->Push(result.lease.version(), range, result.lease.token(), result.gradient,
                                            result.lease.rate_changes());
      AddUse([](v1::WorkerUse& use, double s) { use.set_seconds_pushing(use.seconds_pushing() + s); },
             SecondsSince(start));
      if (!status.ok()) {
        Handle(status, result.lease);
        continue;
      }
    }
    ReportDone(std::move(result));
  }
}

void JobRunner::ReportDone(UnitResult result) {
  v1::LeaseUnitsRequest request;
  *request.add_done() = std::move(result.done);
  {
    std::lock_guard lock(mutex_);
    request.mutable_use()->Swap(&use_);
    use_.Clear();
  }
  const PsExchange::Bytes bytes = exchange_->TakeBytes();
  request.mutable_use()->set_bytes_pulled(bytes.pulled);
  request.mutable_use()->set_bytes_pushed(bytes.pushed);
  Backoff backoff;
  for (uint64_t tries = options_.incarnation; !stopped(); ++tries) {
    const absl::Status status = client_.LeaseUnits(request).status();
    if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) {
      if (!status.ok()) Handle(status, {});
      break;
    }
    // The result may have been taken, and only the answer lost: its sums must not be counted twice.
    request.clear_use();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoMilliseconds(backoff.Next(tries)), [this] { return stopped_.load(); });
  }
  Forget(request.done(0).token());
}

void JobRunner::Forget(uint64_t token) {
  std::lock_guard lock(mutex_);
  held_.erase(token);
}

void JobRunner::Handle(const absl::Status& status, const v1::Lease& lease) {
  if (stopped() || absl::IsCancelled(status)) return;
  using D = v1::ErrorDetail;
  const auto reason = ReasonOf(status);
  Log(Severity::kWarn, absl::StrCat(lease.token() > 0 ? "unit dropped: " : "", status.message()),
      {{"job", job_id_}, {"epoch", lease.epoch()}, {"batch", lease.batch()}});
  if (lease.token() > 0) {
    v1::LeaseUnitsRequest request;
    request.add_returned(lease.token());
    (void)client_.LeaseUnits(std::move(request));
    Forget(lease.token());
  }
  switch (reason) {
    case D::STALE_INCARNATION:
      options_.on_fenced();
      return;
    case D::UNKNOWN_JOB:  // the assignment that drops the job is on its way
    case D::UNKNOWN_INCARNATION:
    case D::STALE_LEASE:
    case D::STALE_LAYOUT:
    case D::TOO_LATE:
    case D::NOT_FINITE:  // the server that refused it has told the scheduler
    case D::OVER_LIMIT:
      return;
    default:
      // Without a lease it was a call to the scheduler, which is tried again.
      if (lease.token() > 0) (void)client_.ReportFailure(std::string(status.message()));
  }
}

void JobRunner::AddUse(void (*add)(v1::WorkerUse&, double), double seconds) {
  std::lock_guard lock(mutex_);
  add(use_, seconds);
}

}  // namespace pumasi
