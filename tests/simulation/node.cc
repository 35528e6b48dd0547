#include "tests/simulation/node.h"

namespace pumasi::sim {

void Node::Start() {
  if (up_) return;
  up_ = true;
  frozen_ = false;
  ++life_;
  wake_at_ = absl::InfiniteDuration();
  world_.Trace(name_, " starts (life ", life_, ")");
  Started();
}

void Node::Kill() {
  if (!up_) return;
  world_.Trace(name_, " is killed");
  up_ = false;
  frozen_ = false;
  ++life_;
  Killed();
}

void Node::Thaw() {
  if (!up_ || !frozen_) return;
  world_.Trace(name_, " goes on");
  frozen_ = false;
  world_.Thaw(*this);
}

void Node::WakeBy(absl::Duration local) {
  if (local >= wake_at_) return;
  wake_at_ = local;
  At(local, [this, local] {
    if (wake_at_ != local) return world_.NothingHappened();
    wake_at_ = absl::InfiniteDuration();
  });
}

Nanos Node::WorldTime(absl::Duration local) const {
  const int64_t since = absl::ToInt64Nanoseconds(local) - start_;
  // Later by more than all that is rounded: a timer that fires too early would ask for the same time again.
  return static_cast<Nanos>(static_cast<double>(since) / (1 + drift_)) + 10;
}

}  // namespace pumasi::sim
