#include "tools/chaos/disturber.h"

#include <signal.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock.h"
#include "tools/chaos/small_disk.h"

namespace pumasi {
namespace {

// kSlow: stopped for nine tenths of this.
constexpr double kCycle = 0.1;
constexpr absl::Duration kEndWithin = absl::Seconds(10);
const char kDisk[] = "disk";

}  // namespace

Disturber::Disturber(const Stage& stage, FaultPlan plan) : stage_(stage), plan_(std::move(plan)), next_(plan_.Next()) {}

void Disturber::Report(double now, const std::string& what) { stage_.say(absl::StrFormat("%8.3f s  %s", now, what)); }

void Disturber::Signal(const std::string& name, int signal) {
  ChildProcess* child = stage_.cluster.Find(name);
  if (child != nullptr && child->Running()) child->Signal(signal);
}

void Disturber::Begun(const Fault& fault, const std::string& name, const std::string& what, double now) {
  hurt_[name] = {fault.kind, now + fault.seconds, seen_.faults.size(), now + 0.9 * kCycle, true};
  seen_.faults.push_back({fault.kind, name, now, now + fault.seconds});
  plan_.Happened();
  Report(now, absl::StrFormat("%s %s, for %.2f s", FaultName(fault.kind), what, fault.seconds));
}

absl::Status Disturber::BeginOnDisk(const Fault& fault, double now) {
  if (hurt_.count(kDisk)) {
    Report(now, "full: it is");
    return absl::OkStatus();
  }
  if (absl::Status status = stage_.disk->Fill(); !status.ok()) return status;
  Begun(fault, kDisk, kDisk, now);
  return absl::OkStatus();
}

absl::Status Disturber::Begin(const Fault& fault, double now) {
  if (fault.kind == FaultKind::kFull) return BeginOnDisk(fault, now);
  const auto& targets = plan_.options().targets;
  // One that has its trouble already is passed over for the one behind it.
  for (size_t i = 0; i < targets.size(); ++i) {
    const std::string& name = targets[(fault.target + i) % targets.size()];
    ChildProcess* child = stage_.cluster.Find(name);
    if (child == nullptr || hurt_.count(name) || !child->Running()) continue;
    std::string what = name;
    if (OnNetwork(fault.kind)) {
      if (absl::Status status = BeginOnNetwork(fault, name, &what); !status.ok()) return status;
    } else {
      Signal(name, fault.kind == FaultKind::kKill ? SIGKILL : SIGSTOP);
      if (fault.kind == FaultKind::kKill) child->WaitUntil(RealClock().Now() + kEndWithin);
    }
    Begun(fault, name, what, now);
    return absl::OkStatus();
  }
  Report(now, absl::StrCat(FaultName(fault.kind), ": nobody is left to disturb"));
  return absl::OkStatus();
}

absl::Status Disturber::BeginOnNetwork(const Fault& fault, const std::string& name, std::string* what) {
  PacketFilter sent, received;
  switch (fault.kind) {
    case FaultKind::kOneWay:
      (fault.outgoing ? sent : received).all = true;
      absl::StrAppend(what, fault.outgoing ? ", what it sends" : ", what it would get");
      break;
    case FaultKind::kPartial: {
      const std::string& peer = plan_.options().targets[fault.peer];
      auto host = stage_.hosts->network().Find(peer);
      if (!host.ok()) return host.status();
      sent.peers = received.peers = {(*host)->ip};
      absl::StrAppend(what, " from ", peer);
      break;
    }
    case FaultKind::kLoss:
      sent.loss = received.loss = fault.loss;
      absl::StrAppendFormat(what, ", %g %% of its packets in either direction", 100 * fault.loss);
      break;
    default:
      sent.all = received.all = true;
  }
  return stage_.hosts->network().Lose(name, sent, received);
}

absl::Status Disturber::Restart(const std::string& name, double now) {
  absl::Status status = stage_.cluster.Restart(name);
  if (name == "scheduler") scheduler_.Begin(now);
  return status;
}

absl::Status Disturber::End(const std::string& name, const Hurt& hurt, double now) {
  seen_.faults[hurt.entry].until = now;
  if (hurt.kind == FaultKind::kFull) {
    Report(now, "the disk has room again");
    return stage_.disk->Free();
  }
  if (OnNetwork(hurt.kind)) {
    Report(now, absl::StrCat(name, " is connected again"));
    return stage_.hosts->network().Lose(name, {}, {});
  }
  if (hurt.kind != FaultKind::kKill) {
    Signal(name, SIGCONT);
    Report(now, absl::StrCat(name, " goes on"));
    return absl::OkStatus();
  }
  Report(now, absl::StrCat(name, " is started again"));
  return Restart(name, now);
}

absl::Status Disturber::RestartEnded(double now) {
  for (const std::string& name : plan_.options().targets) {
    ChildProcess* child = stage_.cluster.Find(name);
    if (child == nullptr || child->Running()) continue;
    auto hurt = hurt_.find(name);
    if (hurt != hurt_.end() && hurt->second.kind == FaultKind::kKill) continue;
    Report(now, absl::StrCat(name, " ended by itself (", child->HowItEnded(), "), and is started again"));
    ++seen_.ended_by_themselves;
    // A host stays cut off, whatever runs on it.
    if (hurt != hurt_.end() && !OnNetwork(hurt->second.kind)) hurt_.erase(hurt);
    if (absl::Status status = Restart(name, now); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Disturber::Step(double now, const ClusterView& view) {
  if (auto seconds = scheduler_.Saw(view)) seen_.scheduler_returns.push_back(*seconds);
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
    if (absl::Status status = Begin(next_, now); !status.ok()) return status;
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
