#include "worker/job/work_pipeline.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <utility>

#include "common/error_detail.h"
#include "common/failpoint.h"
#include "common/log.h"

namespace pumasi {

WorkPipeline::WorkPipeline(Options options, std::vector<std::unique_ptr<Model>> models, SchedulerClient& client,
                           const Clock& clock)
    : options_(std::move(options)),
      devices_(std::move(models)),
      client_(client),
      clock_(clock),
      core_(options_.core),
      times_(options_.core.incarnation, options_.trace),
      feedback_(options_.shape.coding, options_.tables),
      ring_(MakeRing()),
      exchange_(
          {options_.core.job_id, options_.core.incarnation, absl::ToChronoMilliseconds(options_.core.call_timeout)}) {
  const auto run = [this](BoundedQueue<Action>& queue) {
    threads_.emplace_back([&queue] {
      Action action;
      while (queue.Pop(&action)) std::exchange(action, {})();
    });
  };
  run(reads_);
  run(pushes_);
  threads_.emplace_back([this] { ComputeLoop(); });
  threads_.emplace_back([this] { KeepTime(); });
}

WorkPipeline::~WorkPipeline() {
  Stop();
  for (std::thread& thread : threads_) thread.join();
  if (ring_ != nullptr) ring_->Join();
  client_.Wait();
  // The exchange's end waits for its calls.
}

void WorkPipeline::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  if (ring_ != nullptr) ring_->Stop();
  client_.Cancel();
  exchange_.Cancel();
  reads_.Close();
  computes_.Close();
  pushes_.Close();
}

std::unique_ptr<RingExchange> WorkPipeline::MakeRing() {
  if (!options_.ring) return nullptr;
  RingExchange::Options ring = *options_.ring;
  ring.meet = [this](const v1::MeetGroupRequest& request) { return client_.MeetGroup(request); };
  ring.done = [this](const RingUnit& unit, const absl::Status& status) {
    Step([&](absl::Duration now) {
      for (const uint32_t server : unit.servers) {
        core_.PushAnswer(unit.unit, unit.attempt, server, status, v1::PushResponse::ACCEPTED, now);
      }
    });
  };
  ring.on_fenced = options_.on_fenced;
  ring.fail = [this](const std::string& message) { client_.SendFailure(message); };
  ring.warn = [this](const std::string& message) { client_.SendWarning(message); };
  return std::make_unique<RingExchange>(std::move(ring), exchange_);
}

absl::StatusOr<std::shared_ptr<const Peers>> WorkPipeline::Connect(const v1::Layout& layout) {
  auto router =
      Router::Create(options_.tables, layout, options_.shape.wire, options_.shape.coding, options_.core.incarnation);
  if (!router.ok()) return router.status();
  auto peers = std::make_shared<Peers>(Peers{*std::move(router), {}});
  std::map<std::string, std::shared_ptr<ServerLink>> links;
  for (const auto& server : layout.servers()) {
    const auto known = links_.find(server.address());
    if (known == links_.end()) {
      auto link = options_.make_link(server.address());
      if (!link.ok()) return link.status();
      links[server.address()] = *std::move(link);
    } else {
      links[server.address()] = known->second;
    }
    peers->links.push_back(links[server.address()]);
  }
  links_ = std::move(links);
  return peers;
}

absl::Status WorkPipeline::Update(const v1::Assignment& assignment) {
  std::lock_guard update(update_mutex_);
  std::shared_ptr<const Peers> peers;
  {
    std::lock_guard lock(mutex_);
    peers = peers_;
  }
  const v1::Layout& layout = assignment.layout();
  const bool newer = peers == nullptr || layout.epoch() > peers->router.layout().epoch();
  if (layout.slot_owner_size() > 0 && newer) {
    auto connected = Connect(layout);
    if (!connected.ok()) return connected.status();
    peers = *std::move(connected);
  }
  Step([&](absl::Duration now) {
    peers_ = peers;
    core_.SetAssignment(assignment, now);
  });
  if (ring_ != nullptr) ring_->Update(assignment, peers);
  return absl::OkStatus();
}

void WorkPipeline::Step(const std::function<void(absl::Duration now)>& event) {
  std::vector<Action> actions;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    event(clock_.Now());
    actions = TakeActions();
    if (core_.NextDeadline() < wake_) changed_.notify_all();
    if (core_.alone() != was_alone_) {
      was_alone_ = core_.alone();
      Log(Severity::kWarn, was_alone_ ? "no scheduler: goes on by itself" : "the scheduler is back",
          {{"job", options_.core.job_id}, {"unreported", core_.unreported()}});
    }
  }
  for (const Action& action : actions) action();
}

void WorkPipeline::KeepTime() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const absl::Duration now = clock_.Now();
      wake_ = std::min(core_.NextDeadline(), now + absl::Seconds(1));
      if (!stopped_ && wake_ > now) {
        changed_.wait_for(lock, absl::ToChronoMicroseconds(wake_ - now) + std::chrono::microseconds(1));
      }
      if (stopped_) return;
      wake_ = -absl::InfiniteDuration();  // awake: needs no waking
    }
    Step([this](absl::Duration now) { core_.Tick(now); });
  }
}

void WorkPipeline::ReadRows(uint64_t number, const std::shared_ptr<Payload>& payload) {
  const absl::Duration start = clock_.Now();
  auto unit = ReadUnit(payload->lease, options_.shape, *options_.train, options_.test,
                       [this, number] { return LaneBatch(number); });
  const absl::Duration end = clock_.Now();
  payload->seconds_reading = absl::ToDoubleSeconds(end - start);
  if (unit.ok()) {
    payload->ids = std::make_shared<const std::vector<uint64_t>>(std::move(unit->ids));
    payload->unit = *std::move(unit);
  }
  PUMASI_FAILPOINT("worker.unit.read").IgnoreError();
  Step([&](absl::Duration now) {
    use_.set_seconds_reading(use_.seconds_reading() + payload->seconds_reading);
    times_.Stage(v1::STAGE_READ, payload->lease, start, end);
    payload->times.read = now;
    core_.ReadDone(number, unit.status(), now);
  });
}

bool WorkPipeline::LaneBatch(uint64_t number) {
  std::lock_guard lock(mutex_);
  core_.LaneBatch();
  return !stopped_ && payloads_.count(number) > 0;
}

void WorkPipeline::ComputeOne(uint64_t number, const std::shared_ptr<Payload>& payload) {
  const absl::Duration start = clock_.Now();
  absl::StatusOr<v1::UnitDone> done = absl::CancelledError("the unit was dropped");
  if (payload != nullptr) {
    CountWait(start, *payload);
    const auto after_batch = [this, number] {
      PUMASI_FAILPOINT("worker.lane.batch").IgnoreError();
      return LaneBatch(number);
    };
    auto result =
        ComputeUnit(payload->unit, payload->pull->Take(), options_.shape, options_.tables, devices_, after_batch);
    if (!result.ok() && options_.on_compute_error(result.status())) return;
    if (result.ok() && payload->lease.kind() == v1::TRAIN) {
      std::lock_guard lock(feedback_mutex_);
      feedback_.Quantise(number, payload->lease.generation(), &result->gradient);
    }
    const double seconds = absl::ToDoubleSeconds(clock_.Now() - start);
    if (result.ok()) {
      payload->gradient = std::make_shared<const Gradient>(std::move(result->gradient));
      done = std::move(result->done);
      done->set_seconds(payload->seconds_reading + seconds);
    } else {
      done = result.status();
    }
    payload->unit = {};
  }
  PUMASI_FAILPOINT("worker.unit.computed").IgnoreError();
  Step([&](absl::Duration now) {
    use_.set_seconds_computing(use_.seconds_computing() + absl::ToDoubleSeconds(now - start));
    if (payload != nullptr) times_.Stage(v1::STAGE_COMPUTE, payload->lease, start, now);
    times_.WasBusy(now);
    if (done.ok()) counts_.Computed(payload->lease.kind(), *done);
    // It may have been dropped meanwhile.
    if (payloads_.count(number) == 0) EndFeedback(number);
    core_.ComputeDone(number, std::move(done), now);
  });
}

void WorkPipeline::CountWait(absl::Duration now, const Payload& payload) {
  std::lock_guard lock(mutex_);
  const v1::Waits waits = times_.Begins(idle_since_, now, payload.lease, payload.times);
  use_.set_seconds_waiting_for_lease(use_.seconds_waiting_for_lease() + waits.lease());
  use_.set_seconds_pulling(use_.seconds_pulling() + SumOf(waits) - waits.lease());
}

void WorkPipeline::EndFeedback(uint64_t unit) {
  std::lock_guard lock(feedback_mutex_);
  feedback_.End(unit);
}

void WorkPipeline::ComputeLoop() {
  Action action;
  while (true) {
    idle_since_ = clock_.Now();
    if (!computes_.Pop(&action)) return;
    std::exchange(action, {})();
  }
}

void WorkPipeline::AddMetrics(MetricSet* metrics) {
  const std::string& job = options_.core.job_id;
  const auto number = [](uint64_t count) { return static_cast<double>(count); };
  {
    std::lock_guard lock(mutex_);
    metrics->JobTime(job, times_.Total());
    counts_.AddTo(job, metrics);
    metrics->Gauge("pumasi_worker_units_held", "Units that were leased, or taken up alone, and are not done.",
                   {{"job", job}}, number(core_.units()));
    metrics->Gauge("pumasi_worker_results_unreported", "Results that the scheduler does not have yet.", {{"job", job}},
                   number(core_.unreported()));
    metrics->Gauge("pumasi_worker_alone", "1 while the scheduler does not answer and the worker goes on by itself.",
                   {{"job", job}}, core_.alone() ? 1 : 0);
  }
  for (const auto& [name, queue] : {std::pair("read", &reads_), {"compute", &computes_}, {"push", &pushes_}}) {
    metrics->Gauge("pumasi_worker_queue_length", "Steps that wait for the thread that does them.",
                   {{"job", job}, {"queue", name}}, number(queue->size()));
  }
  for (const auto& [name, bytes] : {std::pair("pulled", &bytes_pulled_), {"pushed", &bytes_pushed_}}) {
    metrics->Counter("pumasi_worker_bytes_total", "Bytes of messages from and to servers.",
                     {{"job", job}, {"direction", name}}, number(bytes->load(std::memory_order_relaxed)));
  }
}

void WorkPipeline::LogRefusal(const char* what, const std::string& server, const absl::Status& status) const {
  const auto reason = ReasonOf(status);
  if (status.ok() || absl::IsCancelled(status) || reason == v1::ErrorDetail::NOT_READY) return;
  Log(Severity::kInfo, status.message(), {{"job", options_.core.job_id}, {"peer", server}, {"call", what}});
}

}  // namespace pumasi
