#include "tools/chaos/slowed_worker.h"

#include <signal.h>

#include <limits>

#include "absl/strings/str_cat.h"

namespace pumasi {

absl::Status SlowedWorker::Set(bool runs) {
  if (runs == runs_) return absl::OkStatus();
  runs_ = runs;
  ChildProcess* worker = stage_.cluster.Find(name_);
  if (worker == nullptr || !worker->Running()) return absl::AbortedError(absl::StrCat(name_, " runs no more"));
  worker->Signal(runs ? SIGCONT : SIGSTOP);
  return absl::OkStatus();
}

absl::Status SlowedWorker::Step(double now, const ClusterView&) {
  if (healed_) return absl::OkStatus();
  if (!cycle_.has_value()) cycle_.emplace(share_, now);
  return Set(cycle_->Runs(now));
}

double SlowedWorker::Next() const {
  if (healed_) return std::numeric_limits<double>::infinity();
  return cycle_.has_value() ? cycle_->next() : 0;
}

absl::Status SlowedWorker::Heal(double) {
  healed_ = true;
  return Set(true);
}

}  // namespace pumasi
