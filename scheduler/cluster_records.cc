// Cluster and its records.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/planted_bug.h"
#include "scheduler/cluster.h"

namespace pumasi {

v1::ClusterRecord Cluster::Record() const {
  v1::ClusterRecord record;
  record.set_restarts(restarts_);
  record.set_token_limit(token_limit_);
  for (const auto& [incarnation, member] : members_.alive()) *record.add_members() = member.node;
  for (const Membership::Death& death : members_.dead()) {
    auto* dead = record.add_dead();
    *dead->mutable_node() = death.node;
    dead->set_reason(death.reason);
    dead->set_left(death.left);
  }
  *record.mutable_buried() = {members_.buried().begin(), members_.buried().end()};
  for (const std::string& name : members_.draining()) record.add_draining(name);
  for (const auto& job : jobs_) record.add_jobs(job->id());
  return record;
}

absl::Status Cluster::Restore(const std::vector<StoreEntry>& entries, absl::Duration now) {
  v1::ClusterRecord record;
  std::map<std::string, std::map<std::string, std::string>> records;  // by job, by name
  for (const StoreEntry& entry : entries) {
    if (entry.key == "cluster") {
      if (!record.ParseFromString(entry.value)) {
        return absl::DataLossError("the scheduler's store: record cluster is damaged");
      }
      saved_ = entry.value;
    } else if (absl::StartsWith(entry.key, "job/")) {
      const size_t slash = entry.key.find('/', 4);
      if (slash == std::string::npos) continue;
      records[entry.key.substr(4, slash - 4)][entry.key.substr(slash + 1)] = entry.value;
    }
  }
  // Nothing was there: the first start.
  if (saved_.empty()) return absl::OkStatus();
  restarts_ = record.restarts() + 1;
  token_limit_ = next_token_ = std::max<uint64_t>(1, record.token_limit());
  std::vector<Membership::Death> dead;
  for (const auto& death : record.dead()) dead.push_back({death.node(), death.reason(), now, death.left()});
  members_.Restore({record.members().begin(), record.members().end()}, std::move(dead),
                   {record.buried().begin(), record.buried().end()},
                   {record.draining().begin(), record.draining().end()}, now);
  for (const std::string& id : record.jobs()) {
    auto job = JobRun::Restore(id, records[id], now, FirstChange());
    if (!job.ok()) return job.status();
    if (const std::string& request = (*job)->spec().request.request_id(); !request.empty()) {
      job_of_request_[request] = id;
    }
    jobs_.push_back(*std::move(job));
  }
  NodesChanged(now);
  // Nobody hears of the new change numbers before they are promised.
  synced_pending_ = true;
  return absl::OkStatus();
}

std::optional<Cluster::PendingCommit> Cluster::TakeCommit(absl::Duration now) {
  StoreBatch fresh;
  for (const auto& job : jobs_) synced_pending_ = job->SaveChanges(&fresh, now) || synced_pending_;
  if (std::exchange(touched_, false)) {
    if (std::string bytes = Record().SerializeAsString(); bytes != saved_) {
      fresh.Put("cluster", bytes);
      saved_ = std::move(bytes);
      synced_pending_ = true;
    }
  }
  for (const auto& [key, value] : fresh.changes()) {
    if (unsaved_.changes().size() >= kMaxUnsaved && absl::StartsWith(key, "audit/")) continue;
    value ? unsaved_.Put(key, *value) : unsaved_.Delete(key);
  }
  if (unsaved_.empty() && !synced_pending_) return std::nullopt;
  const bool synced = synced_pending_ && !Planted(PlantedBug::kUnsyncedEpoch);
  return PendingCommit{unsaved_, synced ? Durability::kSynced : Durability::kOrdered};
}

void Cluster::CommitDone(const absl::Status& status, absl::Duration now) {
  if (status.ok()) {
    unsaved_.Clear();
    synced_pending_ = false;
    commit_failing_ = false;
    return;
  }
  if (std::exchange(commit_failing_, true)) return;
  for (const auto& job : jobs_) {
    if (!job->ended()) {
      job->Warn(absl::StrCat("the scheduler could not write down where the job is: ", std::string(status.message())));
    }
  }
}

void Cluster::LookAtAllRecords() {
  touched_ = true;
  for (const auto& job : jobs_) job->LookAtAllRecords();
}

std::vector<std::string> Cluster::TakeForgotten() { return std::exchange(forgotten_, {}); }

}  // namespace pumasi
