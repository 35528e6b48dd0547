#include "tools/chaos/restart_storm.h"

#include <signal.h>

#include <limits>

#include "absl/strings/str_format.h"

namespace pumasi {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kGiveUp = 30;  // seconds

}  // namespace

// All but the scheduler are nodes.
RestartStorm::RestartStorm(const Stage& stage, const Options& options)
    : stage_(stage), options_(options), random_(options.seed), stable_(stage.cluster.Names().size() - 1) {
  next_ = options.times > 0 ? Pause() : kNever;
}

double RestartStorm::Pause() { return options_.pause * 2 * (static_cast<double>(random_() >> 11) * 0x1p-53); }

absl::Status RestartStorm::Step(double now, const ClusterView& view) {
  if (stable_.runs()) {
    std::optional<double> seconds = stable_.Saw(view);
    if (!seconds.has_value() && now - began_ > kGiveUp) {
      stable_.Stop();
      seconds = kNever;
    }
    if (!seconds.has_value()) return absl::OkStatus();
    seen_.restarts.push_back(*seconds);
    stage_.say(absl::StrFormat("%8.3f s  restart %d of %d: stable after %.3f s", now, done_, options_.times, *seconds));
    if (!healed_ && done_ < options_.times) next_ = now + Pause();
  }
  if (healed_ || next_ > now) return absl::OkStatus();
  next_ = kNever;
  ++done_;
  const std::vector<std::string> names = stage_.cluster.Names();
  for (const std::string& name : names) {
    if (ChildProcess* child = stage_.cluster.Find(name); child->Running()) child->Signal(SIGKILL);
  }
  for (const std::string& name : names) {
    if (absl::Status status = stage_.cluster.Restart(name); !status.ok()) return status;
  }
  began_ = now;
  stable_.Begin(now);
  return absl::OkStatus();
}

double RestartStorm::Next() const { return healed_ ? kNever : next_; }

absl::Status RestartStorm::Heal(double) {
  healed_ = true;
  return absl::OkStatus();
}

}  // namespace pumasi
