// JobRun and its servers: who holds which slot, while servers come, go and copy.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/layout/slot_roles.h"
#include "scheduler/job_run.h"
#include "scheduler/layout_of_job.h"

namespace pumasi {
namespace {

// A slot that fills makes pulls wait: it is given up if nothing came to its server for so long.
constexpr absl::Duration kFillingSilence = absl::Seconds(10);
// A server that could not copy a slot gets no other for so long.
constexpr absl::Duration kAvoidTime = absl::Seconds(60);
// Slots that were copied ahead wait for others to fill together with them for so long.
constexpr absl::Duration kGatherTime = absl::Seconds(5);
// Layouts that late reports may still speak of.
constexpr size_t kLayoutsKnown = 64;

uint64_t IncarnationAt(const v1::Layout& layout, uint32_t index) {
  return layout.servers(static_cast<int>(index)).incarnation();
}

}  // namespace

bool JobRun::InLayout(uint64_t incarnation) const {
  return std::any_of(layout_.servers().begin(), layout_.servers().end(),
                     [&](const auto& owner) { return owner.incarnation() == incarnation; });
}

bool JobRun::UpdateServers(const Membership& members, std::string* died) {
  bool changed = false;
  for (auto server = servers_.begin(); server != servers_.end();) {
    const auto next = std::next(server);
    if (members.Find(server->first) == nullptr) {
      if (InLayout(server->first) && state_ != v1::PREPARING && state_ != v1::RECOVERING) {
        std::string reason = "it is gone";
        for (const auto& death : members.dead()) {
          if (death.node.incarnation() == server->first) reason = death.reason;
        }
        const v1::Node& node = server->second.node;
        *died = absl::StrCat(NodeInWords(node), " at ", node.address(), " died (", reason, ")");
      }
      servers_.erase(server);
      changed = true;
    }
    server = next;
  }
  if (WorkersHoldSlots(job_)) changed = AddMembers() || changed;
  if (ServersHoldSlots(job_)) {
    for (const v1::Node& node : members.Alive(v1::ROLE_SERVER)) {
      changed = AddServer(node, members.draining(node)) || changed;
    }
  }
  if (changed) ++change_, ++assignment_change_;
  return changed;
}

bool JobRun::AddServer(const v1::Node& node, bool draining) {
  const auto [server, fresh] = servers_.try_emplace(node.incarnation(), Server{node});
  const bool before = std::exchange(server->second.draining, draining);
  return fresh || before != draining;
}

bool JobRun::AddMembers() {
  bool changed = false;
  for (const auto& [incarnation, worker] : workers_) {
    // One with other data must never hold a copy.
    if (!worker.prepared || !worker.node.hosts_slots()) continue;
    changed = AddServer(worker.node, worker.draining) || changed;
  }
  return changed;
}

std::vector<v1::Node> JobRun::UsableServers() const {
  std::vector<v1::Node> usable;
  for (const auto& [incarnation, server] : servers_) {
    if (!server.draining) usable.push_back(server.node);
  }
  std::sort(usable.begin(), usable.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  return usable;
}

LayoutView JobRun::View(absl::Duration now) const {
  LayoutView view;
  view.current = layout_;
  view.replicas = std::max(1u, job_.replicas());
  for (const auto& [incarnation, server] : servers_) {
    view.alive.push_back(server.node);
    if (server.draining) continue;
    view.usable.insert(incarnation);
    if (server.avoid_until <= now) view.targets.insert(incarnation);
  }
  std::sort(view.alive.begin(), view.alive.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  view.prefetch = prefetch_;
  for (const auto& [slot, filling] : filling_) {
    if (filling.done) view.filled.insert(slot);
  }
  view.failed = failed_;
  view.hurry = copied_since_ && now - *copied_since_ >= kGatherTime;
  // Servers write the model: it would have to be written again.
  view.may_move = state_ != v1::SAVING;
  for (const auto& [folder, pending] : checkpoints_) {
    if (pending.gathered) continue;
    for (const auto& [server, shard] : pending.shards) {
      const auto owners = owners_.find(shard.epoch);
      if (owners == owners_.end()) continue;
      for (const uint64_t owner : owners->second) {
        if (!pending.shards.count(owner)) view.keep.insert(owner);
      }
    }
  }
  return view;
}

void JobRun::Relayout(const std::string& died, absl::Duration now) {
  LayoutStep step = NextLayoutOfJob(View(now));
  if (!step.lost.empty()) {
    return Recover(absl::StrCat(died, died.empty() ? "" : " and ", step.lost.size(), " of ", layout_.slot_owner_size(),
                                " slots had no copy elsewhere"),
                   now);
  }
  if (!died.empty()) {
    const bool replica = WorkersReplicate(job_) && !absl::StartsWith(died, "server ");
    // A worker that shares out dense tensors has no second copy of what it holds: here it held nothing yet.
    const bool shares = KindsLieApart(job_) && !WorkersReplicate(job_) && !absl::StartsWith(died, "server ");
    record_.Warn(absl::StrCat(died, shares                ? "; the others hold what is needed"
                                    : !replica            ? "; its slots are served from their second copies"
                                    : KindsLieApart(job_) ? "; the others hold every dense tensor, too"
                                                          : "; the others hold every slot, too"));
  }
  if (step.prefetch.size() != prefetch_.size() ||
      !std::equal(prefetch_.begin(), prefetch_.end(), step.prefetch.begin(), [](const auto& a, const auto& b) {
        return a.first == b.first && a.second.server == b.second.server;
      })) {
    ++assignment_change_;
  }
  prefetch_ = std::move(step.prefetch);
  const bool waits = std::any_of(prefetch_.begin(), prefetch_.end(), [&](const auto& slot) {
    return slot.second.done && !IsReplicated(layout_, slot.first);
  });
  if (!waits) copied_since_.reset();
  if (waits && !copied_since_) copied_since_ = now;
  if (!step.changed) return;
  const uint32_t replicas = std::max(1u, job_.replicas());
  const uint32_t bare = SlotsWithoutBackup(step.layout, replicas);
  const bool drained = std::any_of(servers_.begin(), servers_.end(), [](const auto& s) { return s.second.draining; });
  if (died.empty() && drained && bare > SlotsWithoutBackup(layout_, replicas)) {
    const bool members = layout_.replicas_size() > 1 && step.layout.replicas_size() == 1;
    const std::string kind = members ? "worker" : HolderKind(job_);
    const std::string few =
        members ? "one worker that holds slots" : absl::StrCat("too few ", kind, "s for replicas: ", replicas);
    record_.Warn(absl::StrCat("draining leaves ", few, ": ", bare, " of ", layout_.slot_owner_size(),
                              " slots have one copy until another ", kind, " comes, or the drain is undone"));
  }
  Adopt(step.layout, now);
}

void JobRun::Adopt(const v1::Layout& layout, absl::Duration now) {
  layout_ = layout;
  Owners& owners = owners_[layout_.epoch()];
  for (const uint32_t owner : layout_.slot_owner()) owners.push_back(IncarnationAt(layout_, owner));
  while (owners_.size() > kLayoutsKnown) owners_.erase(owners_.begin());
  std::map<uint32_t, Filling> filling;
  for (int slot = 0; slot < layout_.slot_filling_size(); ++slot) {
    if (layout_.slot_filling(slot) == 0) continue;
    const uint64_t server = IncarnationAt(layout_, layout_.slot_filling(slot) - 1);
    const auto before = filling_.find(slot);
    filling[slot] = before != filling_.end() && before->second.server == server
                        ? before->second
                        : Filling{server, now + kFillingSilence, layout_.epoch(), false};
  }
  filling_ = std::move(filling);
  failed_.clear();
  copied_since_.reset();
  norms_.Restart();
  meeting_.Restart();
  if (ReducesByRing(job_)) ++work_change_;  // shares are other ones
  ++change_;
  ++assignment_change_;
  if (state_ == v1::SAVING && !model_gathered_) checkpoints_.erase(ModelFolder());
  LookAtCheckpoints(now);
}

void JobRun::StopCopying() {
  prefetch_.clear();
  filling_.clear();
  failed_.clear();
  copied_since_.reset();
}

absl::Status JobRun::Filled(const v1::ReportFilledRequest& request, absl::Duration now) {
  const auto server = servers_.find(request.incarnation());
  if (ended() || server == servers_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", id(), " does not want this server"));
  }
  if (request.layout_epoch() > layout_.epoch()) {
    return DetailedError(v1::ErrorDetail::STALE_LAYOUT, absl::StrCat("the layout is at epoch ", layout_.epoch()));
  }
  if (request.layout_epoch() < generation_epoch_) return absl::OkStatus();
  touched_ = true;
  // It begins anew with each generation's tables.
  if (request.copied_bytes() != server->second.copied_bytes) {
    server->second.copied_bytes = request.copied_bytes();
    for (auto& [slot, filling] : filling_) {
      if (filling.server != request.incarnation() || filling.done) continue;
      filling.deadline = now + kFillingSilence;
      last_progress_ = now;
    }
  }
  for (const uint32_t slot : request.prefetched()) {
    const auto copied = prefetch_.find(slot);
    if (copied != prefetch_.end() && copied->second.server == request.incarnation()) copied->second.done = true;
  }
  for (const uint32_t slot : request.filled()) {
    const auto copied = filling_.find(slot);
    // A report of an earlier attempt says nothing.
    if (copied == filling_.end() || copied->second.server != request.incarnation()) continue;
    if (request.layout_epoch() >= copied->second.epoch) copied->second.done = true;
  }
  for (const uint32_t slot : request.failed()) CopyFailed(slot, request.incarnation(), request.error(), now);
  const bool active = state_ == v1::TRAINING || state_ == v1::EVALUATING;
  if (active && FillingResolved()) Relayout("", now);
  return absl::OkStatus();
}

void JobRun::CopyFailed(uint32_t slot, uint64_t server, const std::string& why, absl::Duration now) {
  const auto ahead = prefetch_.find(slot);
  const auto filling = filling_.find(slot);
  bool was_copying = false;
  if (ahead != prefetch_.end() && ahead->second.server == server) {
    prefetch_.erase(ahead);
    ++assignment_change_;
    was_copying = true;
  }
  if (filling != filling_.end() && filling->second.server == server && !filling->second.done) {
    failed_.insert(slot);
    was_copying = true;
  }
  const auto found = servers_.find(server);
  if (!was_copying || found == servers_.end()) return;
  if (found->second.avoid_until <= now) {
    Warn(absl::StrCat(NodeInWords(found->second.node), " could not copy slot ", slot, ": ", why));
  }
  found->second.avoid_until = now + kAvoidTime;
}

bool JobRun::FillingResolved() const {
  return std::all_of(filling_.begin(), filling_.end(),
                     [&](const auto& entry) { return entry.second.done || failed_.count(entry.first); });
}

void JobRun::LookAtFilling(absl::Duration now) {
  if (state_ != v1::TRAINING && state_ != v1::EVALUATING) return;
  bool look = copied_since_ && now - *copied_since_ >= kGatherTime;
  for (const auto& [slot, filling] : filling_) {
    if (filling.done || failed_.count(slot) || now < filling.deadline) continue;
    CopyFailed(slot, filling.server, absl::StrCat("nothing of it came for ", absl::FormatDuration(kFillingSilence)),
               now);
    look = true;
  }
  for (auto& [incarnation, server] : servers_) {
    if (server.avoid_until == -absl::InfiniteDuration() || server.avoid_until > now) continue;
    server.avoid_until = -absl::InfiniteDuration();
    look = true;
  }
  if (look && FillingResolved()) Relayout("", now);
}

absl::Duration JobRun::NextDeadline(absl::Duration now) const {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& [slot, filling] : filling_) {
    if (!filling.done && !failed_.count(slot)) next = std::min(next, filling.deadline);
  }
  if (model_again_) next = std::min(next, *model_again_);
  if (hearing_until_) next = std::min(next, *hearing_until_);
  if (log_asked_ && !log_end_) next = std::min(next, *log_asked_ + kLogTime);
  if (ledger_ && state_ == v1::TRAINING) next = std::min(next, ledger_->OutcomesDue());
  // Units may be late.
  if (job_.backup_workers() > 0 && state_ == v1::TRAINING) next = std::min(next, now + absl::Milliseconds(100));
  return next;
}

bool JobRun::Needs(uint64_t incarnation) const {
  if (ended() || state_ == v1::QUEUED) return false;
  if (ledger_ && ledger_->Holds(incarnation)) return true;
  return state_ != v1::RECOVERING && state_ != v1::PREPARING && InLayout(incarnation);
}

}  // namespace pumasi
