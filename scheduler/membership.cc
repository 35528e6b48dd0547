#include "scheduler/membership.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/address.h"
#include "common/error_detail.h"

namespace pumasi {

std::string NodeInWords(const v1::Node& node) {
  return absl::StrCat(node.role() == v1::ROLE_SERVER ? "server " : "worker ", node.name());
}

bool Membership::OneAddress(const Member& member, const v1::Node& node, const std::string& host) {
  if (node.address().empty() || member.node.address() != node.address()) return false;
  const auto address = ParseAddress(node.address());
  // Where it does not leave the host others may have the same.
  return !address.ok() || !IsLoopback(*address) || member.host == host;
}

absl::Status Membership::Register(const v1::Node& node, absl::Duration now, const std::string& host) {
  if (node.name().empty() || node.incarnation() == 0) {
    return absl::InvalidArgumentError("a node needs a name and an incarnation");
  }
  if (node.role() != v1::ROLE_SERVER && node.role() != v1::ROLE_WORKER) {
    return absl::InvalidArgumentError(absl::StrCat(node.name(), ": only servers and workers register"));
  }
  if (alive_.count(node.incarnation())) return Renew(node.incarnation(), now);
  for (const Death& death : dead_) {
    if (death.node.incarnation() == node.incarnation()) {
      return DetailedError(v1::ErrorDetail::STALE_INCARNATION, absl::StrCat(node.name(), " was declared dead (",
                                                                            death.reason, "): take a new incarnation"));
    }
  }
  if (Buried(node.incarnation())) {
    return DetailedError(v1::ErrorDetail::STALE_INCARNATION,
                         absl::StrCat(node.name(), " was declared dead: take a new incarnation"));
  }
  std::vector<uint64_t> replaced;
  for (const auto& [incarnation, member] : alive_) {
    const bool namesake = member.node.name() == node.name();
    if (!namesake && !OneAddress(member, node, host)) continue;
    if (member.broken) {
      replaced.push_back(incarnation);
      continue;
    }
    // Somebody reaches the scheduler: that the other one is silent says something about that one.
    Heard(now);
    const std::string gone =
        absl::StrCat("if it is gone, its lease ends within ", absl::FormatDuration(options_.lease));
    return absl::AlreadyExistsError(namesake ? absl::StrCat("a living node at ", member.node.address(), " is named ",
                                                            node.name(), "; ", gone, ", else choose another name")
                                             : absl::StrCat(NodeInWords(member.node), " is at ", node.address(),
                                                            ", and ", node.name(), " would be taken for it; ", gone,
                                                            ", else set another listen or advertise"));
  }
  for (const uint64_t incarnation : replaced) {
    const auto other = alive_.find(incarnation);
    Bury(other,
         other->second.node.name() == node.name() ? "its process was started again"
                                                  : absl::StrCat(node.name(), " was started at its address"),
         now);
  }
  Heard(now);
  alive_[node.incarnation()] = {node, now, now + options_.lease, false, host};
  return absl::OkStatus();
}

absl::Duration Membership::DeathOf(const Member& member) const {
  // Nodes call three times a lease: that not even one did for half of it is no chance.
  const bool all_silent = alive_.size() > 1 && member.dies_at - heard_ >= options_.lease / 2;
  if (member.broken || !all_silent) return member.dies_at;
  return std::max(member.dies_at, heard_ + options_.cut_off_leases * options_.lease);
}

void Membership::Heard(absl::Duration now) {
  const bool was_cut_off = now - heard_ >= options_.lease / 2;
  for (auto& [incarnation, member] : alive_) {
    if (was_cut_off && !member.broken && DeathOf(member) > now) {
      member.dies_at = std::max(member.dies_at, now + options_.lease);
    }
  }
  heard_ = now;
}

absl::Status Membership::Renew(uint64_t incarnation, absl::Duration now) {
  const auto member = alive_.find(incarnation);
  if (member == alive_.end() && !Buried(incarnation)) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION,
                         absl::StrCat("incarnation ", incarnation, " has not registered"));
  }
  if (member == alive_.end() || DeathOf(member->second) <= now) {
    return DetailedError(v1::ErrorDetail::STALE_INCARNATION,
                         absl::StrCat("incarnation ", incarnation, " is not alive"));
  }
  Heard(now);
  member->second.last_seen = now;
  member->second.dies_at = now + options_.lease;
  member->second.broken = false;
  return absl::OkStatus();
}

void Membership::Disconnected(uint64_t incarnation, absl::Duration now) {
  const auto member = alive_.find(incarnation);
  if (member == alive_.end()) return;
  member->second.broken = true;
  member->second.dies_at = std::min(member->second.dies_at, std::max(now + options_.crash_grace, no_death_before_));
}

void Membership::Leave(uint64_t incarnation, absl::Duration now) {
  const auto member = alive_.find(incarnation);
  if (member == alive_.end()) return;
  Bury(member, "left", now);
  fresh_deaths_.back().left = dead_.back().left = true;
}

void Membership::Bury(std::map<uint64_t, Member>::iterator member, const std::string& reason, absl::Duration now) {
  fresh_deaths_.push_back({member->second.node, reason, now});
  dead_.push_back(fresh_deaths_.back());
  if (dead_.size() > options_.remember_dead) dead_.erase(dead_.begin());
  buried_.push_back(member->first);
  if (buried_.size() > options_.remember_incarnations) buried_.pop_front();
  alive_.erase(member);
}

bool Membership::Buried(uint64_t incarnation) const {
  return std::find(buried_.begin(), buried_.end(), incarnation) != buried_.end();
}

bool Membership::SetDraining(const std::string& name, bool draining) {
  return draining ? draining_.insert(name).second : draining_.erase(name) > 0;
}

void Membership::Restore(const std::vector<v1::Node>& alive, std::vector<Death> dead, std::deque<uint64_t> buried,
                         std::set<std::string> draining, absl::Duration now) {
  no_death_before_ = now + options_.lease;
  heard_ = now;
  for (const v1::Node& node : alive) alive_[node.incarnation()] = {node, now, no_death_before_};
  dead_ = std::move(dead);
  buried_ = std::move(buried);
  draining_ = std::move(draining);
}

std::vector<Membership::Death> Membership::TakeDeaths(absl::Duration now) {
  for (auto member = alive_.begin(); member != alive_.end();) {
    const auto next = std::next(member);
    if (DeathOf(member->second) <= now) {
      const absl::Duration silent = now - member->second.last_seen;
      const bool broke = silent < options_.lease;
      Bury(member,
           absl::StrFormat("%ssilent for %.1f s", broke ? "its connection broke, " : "", absl::ToDoubleSeconds(silent)),
           now);
    }
    member = next;
  }
  std::vector<Death> deaths;
  deaths.swap(fresh_deaths_);
  return deaths;
}

std::optional<absl::Duration> Membership::NextDeath() const {
  std::optional<absl::Duration> next;
  for (const auto& [incarnation, member] : alive_) next = std::min(next.value_or(DeathOf(member)), DeathOf(member));
  return next;
}

const Membership::Member* Membership::Find(uint64_t incarnation) const {
  const auto member = alive_.find(incarnation);
  return member == alive_.end() ? nullptr : &member->second;
}

std::vector<v1::Node> Membership::Alive(v1::Role role) const {
  std::vector<v1::Node> nodes;
  for (const auto& [incarnation, member] : alive_) {
    if (member.node.role() == role) nodes.push_back(member.node);
  }
  std::sort(nodes.begin(), nodes.end(), [](const v1::Node& a, const v1::Node& b) { return a.name() < b.name(); });
  return nodes;
}

}  // namespace pumasi
