#include "tools/chaos/cluster_watch.h"

#include <utility>

#include "common/clock.h"
#include "common/shutdown.h"

namespace pumasi {
namespace {

// Between two views: fine enough for times of a second, and little work for the scheduler.
constexpr absl::Duration kPause = absl::Milliseconds(50);

}  // namespace

ClusterWatch::ClusterWatch(SchedulerLink& link, std::string job_id, absl::Duration start)
    : link_(link), job_id_(std::move(job_id)), start_(start), thread_([this] { Watch(); }) {}

ClusterWatch::~ClusterWatch() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  thread_.join();
}

void ClusterWatch::Watch() {
  const auto elapsed = [this] { return absl::ToDoubleSeconds(RealClock().Now() - start_); };
  while (!Shutdown::Install().WaitFor(kPause)) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stop_) return;
    }
    ClusterView view;
    view.asked = elapsed();
    auto job = link_.GetJob(job_id_, 0, absl::ZeroDuration());
    if (!job.ok()) continue;
    auto nodes = link_.ListNodes();
    if (!nodes.ok()) continue;
    auto audit = link_.Audit(job_id_, 0, 0);
    if (!audit.ok()) continue;
    view.job = *std::move(job);
    view.nodes = *std::move(nodes);
    view.leases = audit->leases();
    view.answered = elapsed();
    std::lock_guard<std::mutex> lock(mutex_);
    deaths_.Saw(view);
    view_ = std::move(view);
  }
}

ClusterView ClusterWatch::view() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return view_;
}

std::vector<DeathLog::Death> ClusterWatch::deaths() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return deaths_.deaths();
}

}  // namespace pumasi
