#include "server/hosted_job.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/paths.h"
#include "server/scheduler_call.h"
#include "server/slot_stream.h"

namespace pumasi {
namespace {

constexpr absl::Duration kTellDeadline = absl::Seconds(2);
// Of a slot that is copied something has to come within it, again and again.
constexpr absl::Duration kFetchSilence = absl::Seconds(10);
// Only a safety net: whatever happens wakes the control thread.
constexpr absl::Duration kLongestSleep = absl::Seconds(1);

}  // namespace

HostedJob::HostedJob(const Hosting::Options& options, const v1::Assignment& assignment, const Around& around,
                     std::function<void()> on_change)
    : options_(options), around_(around), on_change_(std::move(on_change)), hosting_(options) {
  hosting_.Assign(assignment, around_.clock.Now());
  times_.Trace(assignment.trace());
  control_ = std::thread([this] { RunControl(); });
  writer_ = std::thread([this] { RunWriter(); });
  log_ = std::thread([this] { RunLog(); });
}

HostedJob::~HostedJob() {
  {
    std::lock_guard lock(mutex_);
    dropped_ = true;
    wake_.notify_all();
    wake_writer_.notify_all();
    wake_log_.notify_all();
  }
  calls_.CancelAll();
  calls_.Wait();
  control_.join();
  writer_.join();
  log_.join();
}

template <typename Event>
void HostedJob::Happen(Event event) {
  bool changed;
  {
    std::lock_guard lock(mutex_);
    const uint64_t before = hosting_.changed();
    event();
    changed = hosting_.changed() != before;
    if (changed || hosting_.HasEffects()) wake_.notify_all();
  }
  if (changed) on_change_();
}

void HostedJob::Update(const v1::Assignment& assignment) {
  PUMASI_FAILPOINT("server.assignment.received").IgnoreError();
  Happen([&] { hosting_.Assign(assignment, around_.clock.Now()); });
}

absl::Status HostedJob::Pull(const v1::PullRequest& request, OutgoingPull* response) {
  if (absl::Status status = PUMASI_FAILPOINT("server.pull.received"); !status.ok()) return status;
  absl::Status status;
  {
    std::lock_guard lock(mutex_);
    const absl::Duration begin = around_.clock.Now();
    status = hosting_.Pull(request, response);
    if (status.ok()) times_.Served(request, begin, around_.clock.Now());
  }
  return status.ok() ? PUMASI_FAILPOINT("server.pull.answered") : status;
}

absl::Status HostedJob::Push(const v1::PushRequest& request, const ArrivedValues& values, v1::PushResponse* response) {
  absl::Status status = PUMASI_FAILPOINT("server.push.received");
  if (!status.ok()) return status;
  Happen([&] {
    const absl::Duration begin = around_.clock.Now();
    const uint64_t before = Batches();
    status = hosting_.Push(request, values, response, begin);
    if (status.ok()) times_.Took(request, Reached(before), begin, around_.clock.Now());
  });
  return status.ok() ? PUMASI_FAILPOINT("server.push.applied") : status;
}

absl::StatusOr<v1::SlotState> HostedJob::FetchSlot(const v1::FetchSlotRequest& request) {
  if (absl::Status status = PUMASI_FAILPOINT("server.fetch.received"); !status.ok()) return status;
  std::lock_guard lock(mutex_);
  return hosting_.FetchSlot(request);
}

void HostedJob::RunControl() {
  std::unique_lock lock(mutex_);
  while (!dropped_) {
    if (hosting_.HasEffects()) {
      HostingEffects effects = hosting_.TakeEffects();
      for (auto& snapshot : effects.snapshots) snapshots_.push_back(std::move(snapshot));
      if (!snapshots_.empty()) wake_writer_.notify_all();
      for (LogWish& wish : effects.logs) logs_.push_back(std::move(wish));
      if (!logs_.empty()) wake_log_.notify_all();
      lock.unlock();
      Perform(std::move(effects));
      lock.lock();
      continue;
    }
    const absl::Duration now = around_.clock.Now();
    if (const auto silent = TakeSilent(now); !silent.empty()) {
      lock.unlock();
      for (const auto& context : silent) context->TryCancel();
      lock.lock();
      continue;
    }
    if (UseDue(now)) {
      lock.unlock();
      TellUse();
      lock.lock();
      continue;
    }
    const absl::Duration next = std::min(hosting_.NextDeadline(), now + kLongestSleep);
    if (next > now) wake_.wait_for(lock, absl::ToChronoMicroseconds(next - now + absl::Microseconds(1)));
    if (dropped_) return;
    if (hosting_.NextDeadline() > around_.clock.Now()) continue;
    lock.unlock();
    Happen([&] { hosting_.Tick(around_.clock.Now()); });
    lock.lock();
  }
}

void HostedJob::Perform(HostingEffects effects) {
  for (const TellWish& wish : effects.tells) Tell(wish);
  for (const FetchWish& wish : effects.fetches) Fetch(wish);
  for (const ShardWish& wish : effects.shards) Make(wish);
}

void HostedJob::Make(const ShardWish& wish) {
  std::string output;
  {
    std::lock_guard lock(mutex_);
    output = hosting_.assignment().output();
  }
  // A folder that may not be written to is found now, rather than with all that was trained. (A server that joins must
  // not end a job that runs.)
  const bool look = !wish.options.empty && !output.empty();
  const absl::Status reachable = look ? Folder(output).status() : absl::OkStatus();
  auto shard = reachable.ok()
                   ? MakeShard(wish, around_.files, [this](const std::string& named) { return Folder(named); })
                   : absl::StatusOr<std::unique_ptr<Shard>>(reachable);
  if (shard.ok()) {
    if (absl::Status status = PUMASI_FAILPOINT("server.shard.made"); !status.ok()) shard = status;
  }
  const bool made = shard.ok();
  std::string job_id;
  Happen([&] {
    job_id = hosting_.assignment().job_id();
    hosting_.ShardMade(wish.ticket, std::move(shard), around_.clock.Now());
  });
  if (!made) return;
  Log(Severity::kInfo, wish.options.empty ? "joins the job; slots will come" : "tables made",
      {{"job", job_id}, {"version", wish.options.first_version}, {"layout", wish.options.layout.epoch()}});
}

std::shared_ptr<grpc::ClientContext> HostedJob::BeginCall(absl::Duration deadline) {
  auto context = std::make_shared<grpc::ClientContext>();
  if (deadline < absl::InfiniteDuration()) {
    context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline));
  }
  return calls_.Begin(context.get(), this) ? context : nullptr;
}

void HostedJob::Tell(const TellWish& wish) {
  auto context = BeginCall(kTellDeadline);
  if (context == nullptr) return;
  PUMASI_FAILPOINT("server.report.sent").IgnoreError();
  CallScheduler(around_.scheduler, context.get(), wish,
                [this, context, ticket = wish.ticket](absl::Status status, const v1::CombineNormsResponse& norms) {
                  if (status.ok()) status = PUMASI_FAILPOINT("server.report.answered");
                  Happen([&] {
                    const absl::Duration begin = around_.clock.Now();
                    const uint64_t before = Batches();
                    hosting_.Told(ticket, status, norms, begin);
                    if (const auto version = Reached(before)) times_.Applied(*version, begin, around_.clock.Now());
                  });
                  calls_.End(context.get());
                });
}

void HostedJob::Fetch(const FetchWish& wish) {
  const auto peer = around_.peers.At(wish.address);
  if (!peer.ok()) {
    Happen([&] { hosting_.Fetched(wish.ticket, peer.status(), around_.clock.Now()); });
    return;
  }
  auto context = BeginCall(absl::InfiniteDuration());
  if (context == nullptr) return;
  PUMASI_FAILPOINT("server.fetch.sent").IgnoreError();
  const uint64_t ticket = wish.ticket;
  {
    std::lock_guard lock(mutex_);
    fetching_[ticket] = {context, around_.clock.Now()};
  }
  const auto moved = [this, ticket](uint64_t bytes) {
    std::shared_ptr<grpc::ClientContext> unwanted;
    Happen([&] {
      const absl::Duration now = around_.clock.Now();
      Fetching& fetching = fetching_.at(ticket);
      fetching.moved = now;
      if (!hosting_.FetchMoved(ticket, bytes, now)) unwanted = fetching.context;
    });
    if (unwanted != nullptr) unwanted->TryCancel();
  };
  ReceiveSlot(**peer, context.get(), wish.request, moved, [this, context, ticket](absl::StatusOr<v1::SlotState> state) {
    if (state.ok()) {
      if (absl::Status status = PUMASI_FAILPOINT("server.fetch.answered"); !status.ok()) state = status;
    }
    Happen([&] {
      if (!state.ok() && fetching_.at(ticket).cancelled) {
        state =
            absl::DeadlineExceededError(absl::StrCat("nothing of it came for ", absl::FormatDuration(kFetchSilence)));
      }
      fetching_.erase(ticket);
      hosting_.Fetched(ticket, std::move(state), around_.clock.Now());
    });
    calls_.End(context.get());
  });
}

std::vector<std::shared_ptr<grpc::ClientContext>> HostedJob::TakeSilent(absl::Duration now) {
  std::vector<std::shared_ptr<grpc::ClientContext>> silent;
  for (auto& [ticket, fetching] : fetching_) {
    if (now - fetching.moved < kFetchSilence || std::exchange(fetching.cancelled, true)) continue;
    silent.push_back(fetching.context);
  }
  return silent;
}

void HostedJob::RunWriter() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_writer_.wait(lock, [this] { return dropped_ || !snapshots_.empty(); });
    if (dropped_) return;
    const std::shared_ptr<Snapshot> snapshot = std::move(snapshots_.front());
    snapshots_.pop_front();
    lock.unlock();
    WriteSnapshot(*snapshot);
    lock.lock();
  }
}

void HostedJob::WriteSnapshot(Snapshot& snapshot) {
  const auto find = [this](const std::string& named) { return Folder(named); };
  const absl::Duration begin = around_.clock.Now();
  absl::Status status = PUMASI_FAILPOINT("server.snapshot.begun");
  while (status.ok() && !snapshot.done()) {
    {
      std::lock_guard lock(mutex_);
      if (dropped_) snapshot.Abandon();
      snapshot.Copy();
    }
    status = snapshot.Write(around_.files, find);
  }
  if (absl::IsCancelled(status)) return;
  if (status.ok()) status = PUMASI_FAILPOINT("server.snapshot.synced");
  const Snapshot::Target& target = snapshot.target();
  {
    std::lock_guard lock(mutex_);
    times_.Wrote(v1::STAGE_CHECKPOINT, target.progress.version(), begin, around_.clock.Now());
  }
  TellUse();  // the job may be done with it
  std::string job_id;
  Happen([&] {
    job_id = hosting_.assignment().job_id();
    hosting_.SnapshotWritten(snapshot, status, around_.clock.Now());
  });
  Log(status.ok() ? Severity::kInfo : Severity::kWarn,
      status.ok() ? absl::StrCat("wrote ", target.folder, "/", target.file)
                  : absl::StrCat("could not write ", target.folder, ": ", std::string(status.message())),
      {{"job", job_id},
       {"batch", target.progress.version()},
       {"since", target.since},
       {"bytes", status.ok() ? snapshot.info().size : 0}});
}

void HostedJob::RunLog() {
  LogWriter writer(around_.files, [this](const std::string& named) { return Folder(named); });
  std::unique_lock lock(mutex_);
  while (true) {
    wake_log_.wait(lock, [this] { return dropped_ || !logs_.empty(); });
    if (dropped_) return;
    const LogWish wish = std::move(logs_.front());
    logs_.pop_front();
    lock.unlock();
    WriteLog(writer, wish);
    lock.lock();
  }
}

void HostedJob::WriteLog(LogWriter& writer, const LogWish& wish) {
  const absl::Duration begin = around_.clock.Now();
  absl::Status status = writer.Write(wish);
  if (status.ok()) status = writer.Sync();
  std::string job_id;
  Happen([&] {
    times_.Wrote(v1::STAGE_LOG, wish.parts.back().first_version, begin, around_.clock.Now());
    job_id = hosting_.assignment().job_id();
    hosting_.Logged(wish.ticket, status, around_.clock.Now());
  });
  if (status.ok()) return;
  Log(Severity::kWarn, absl::StrCat("could not write the log of gradients: ", std::string(status.message())),
      {{"job", job_id}, {"file", wish.parts.front().first_version}});
}

absl::StatusOr<std::string> HostedJob::Folder(const std::string& named) const {
  return UnderRoot(options_.output_root, named);
}

}  // namespace pumasi
