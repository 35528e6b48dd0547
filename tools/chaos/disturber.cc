#include "tools/chaos/disturber.h"

#include <signal.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock.h"

namespace pumasi {
namespace {

// kSlow: stopped for nine tenths of this.
constexpr double kCycle = 0.1;
constexpr absl::Duration kEndWithin = absl::Seconds(10);

}  // namespace

Disturber::Disturber(EmbeddedCluster& cluster, FaultPlan plan, Say say)
    : cluster_(cluster), plan_(std::move(plan)), say_(std::move(say)), next_(plan_.Next()) {}

void Disturber::Report(double now, const std::string& what) { say_(absl::StrFormat("%8.3f s  %s", now, what)); }

void Disturber::Signal(const std::string& name, int signal) {
  ChildProcess* child = cluster_.Find(name);
  if (child != nullptr && child->Running()) child->Signal(signal);
}

void Disturber::Begin(const Fault& fault, double now) {
  const auto& targets = plan_.options().targets;
  // One that has its trouble already is passed over for the one behind it.
  for (size_t i = 0; i < targets.size(); ++i) {
    const std::string& name = targets[(fault.target + i) % targets.size()];
    ChildProcess* child = cluster_.Find(name);
    if (child == nullptr || hurt_.count(name) || !child->Running()) continue;
    Signal(name, fault.kind == FaultKind::kKill ? SIGKILL : SIGSTOP);
    if (fault.kind == FaultKind::kKill) child->WaitUntil(RealClock().Now() + kEndWithin);
    hurt_[name] = {fault.kind, now + fault.seconds, now + 0.9 * kCycle, true};
    ++done_[fault.kind];
    Report(now, absl::StrFormat("%s %s, for %.2f s", FaultName(fault.kind), name, fault.seconds));
    return;
  }
  Report(now, absl::StrCat(FaultName(fault.kind), ": nobody is left to disturb"));
}

absl::Status Disturber::End(const std::string& name, const Hurt& hurt, double now) {
  if (hurt.kind != FaultKind::kKill) {
    Signal(name, SIGCONT);
    Report(now, absl::StrCat(name, " goes on"));
    return absl::OkStatus();
  }
  Report(now, absl::StrCat(name, " is started again"));
  return cluster_.Restart(name);
}

absl::Status Disturber::RestartEnded(double now) {
  for (const std::string& name : plan_.options().targets) {
    ChildProcess* child = cluster_.Find(name);
    if (child == nullptr || child->Running()) continue;
    auto hurt = hurt_.find(name);
    if (hurt != hurt_.end() && hurt->second.kind == FaultKind::kKill) continue;
    Report(now, absl::StrCat(name, " ended by itself (", child->HowItEnded(), "), and is started again"));
    ++ended_by_themselves_;
    hurt_.erase(name);
    if (absl::Status status = cluster_.Restart(name); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Disturber::Step(double now) {
  if (absl::Status status = RestartEnded(now); !status.ok()) return status;
  for (auto entry = hurt_.begin(); entry != hurt_.end();) {
    auto& [name, hurt] = *entry;
    if (hurt.until <= now) {
      const auto [ended_name, ended] = *entry;
      entry = hurt_.erase(entry);
      if (absl::Status status = End(ended_name, ended, now); !status.ok()) return status;
      continue;
    }
    if (hurt.kind == FaultKind::kSlow && hurt.toggle <= now) {
      hurt.stopped = !hurt.stopped;
      Signal(name, hurt.stopped ? SIGSTOP : SIGCONT);
      hurt.toggle = now + (hurt.stopped ? 0.9 : 0.1) * kCycle;
    }
    ++entry;
  }
  while (!healed_ && next_.at <= now) {
    Begin(next_, now);
    next_ = plan_.Next();
  }
  return absl::OkStatus();
}

double Disturber::Next() const {
  double next = healed_ ? std::numeric_limits<double>::infinity() : next_.at;
  for (const auto& [name, hurt] : hurt_) {
    next = std::min(next, hurt.until);
    if (hurt.kind == FaultKind::kSlow) next = std::min(next, hurt.toggle);
  }
  return next;
}

absl::Status Disturber::Heal(double now) {
  healed_ = true;
  const std::map<std::string, Hurt> hurt = std::exchange(hurt_, {});
  absl::Status status;
  for (const auto& [name, what] : hurt) {
    absl::Status ended = End(name, what, now);
    if (status.ok()) status = ended;
  }
  return status.ok() ? RestartEnded(now) : status;
}

}  // namespace pumasi
