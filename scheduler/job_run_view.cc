// What others see of a JobRun: the nodes their assignments, the user the job's status, and whom it waits for.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/model_plan.h"
#include "scheduler/job_run.h"

namespace pumasi {

std::string JobRun::WaitingFor() const {
  std::vector<std::string> names;
  if (log_asked_) return "the log of applied gradients to be read";
  if (state_ == v1::RECOVERING) return HoldersInWords(job_);
  if (workers_.empty()) return "a worker";
  if (state_ == v1::PREPARING) {
    for (const auto& [incarnation, worker] : workers_) {
      if (!worker.prepared) names.push_back("worker " + worker.node.name());
    }
    if (names.empty()) names.push_back("the vocabulary from a worker");
  } else if (state_ == v1::ALLOCATING) {
    for (const auto& [incarnation, server] : servers_) {
      if (!server.ready && InLayout(incarnation)) names.push_back(NodeInWords(server.node));
    }
  } else if (ledger_) {
    for (const uint64_t incarnation : meeting_.Missing(RingMembers())) {
      const auto worker = workers_.find(incarnation);
      if (worker == workers_.end()) continue;
      names.push_back(absl::StrCat("worker ", worker->second.node.name(), " to connect with the others"));
    }
    // A server gives its norm once it has all parts of a batch: who still holds some comes first.
    for (const auto& [incarnation, parts] : ledger_->Holding()) {
      const auto worker = workers_.find(incarnation);
      names.push_back(absl::StrCat(worker == workers_.end() ? "nobody" : "worker " + worker->second.node.name(),
                                   " with ", parts, " parts of batch ", ledger_->first_open()));
    }
    for (const auto& [incarnation, server] : servers_) {
      if (!norms_.open_version() || norms_.gave(incarnation) || !CountSlots(layout_, incarnation).primary) continue;
      names.push_back(absl::StrCat(NodeInWords(server.node), " with its norm of batch ", *norms_.open_version()));
    }
  } else {
    const auto pending = checkpoints_.find(ModelFolder());
    for (const auto& [incarnation, server] : servers_) {
      if (model_gathered_ || CountSlots(layout_, incarnation).primary == 0) continue;
      if (pending == checkpoints_.end() || !pending->second.shards.count(incarnation)) {
        names.push_back(NodeInWords(server.node));
      }
    }
    if (names.empty()) names.push_back("the model to be completed");
  }
  return absl::StrJoin(names, ", ");
}

std::optional<v1::Assignment> JobRun::AssignmentFor(const v1::Node& node) const {
  if (ended() || state_ == v1::QUEUED) return std::nullopt;
  // While a job waits for servers, what those that are left hold is worth nothing.
  const bool no_layout = state_ == v1::PREPARING || state_ == v1::RECOVERING;
  const bool computes = workers_.count(node.incarnation()) > 0;
  const bool holds = !no_layout && servers_.count(node.incarnation()) > 0 && InLayout(node.incarnation());
  if (!computes && !holds) return std::nullopt;
  v1::Assignment assignment;
  assignment.set_job_id(id());
  *assignment.mutable_job() = job_;
  assignment.set_base(spec_.request.base());
  assignment.set_state(state_);
  assignment.set_trace(spec_.request.trace_events() > 0);
  if (no_layout) return assignment;
  *assignment.mutable_data() = data_;
  *assignment.mutable_tables() = {tables_.begin(), tables_.end()};
  *assignment.mutable_layout() = layout_;
  *assignment.mutable_start() = start_;
  for (const auto& [incarnation, worker] : workers_) {
    // Servers take what a drained one has begun; alone it begins nothing.
    if (holds) assignment.add_workers(incarnation);
    if (computes && worker.prepared && !worker.draining) assignment.add_sharing(incarnation);
  }
  if (!holds) return assignment;
  for (const v1::RateChange& change : rate_changes_) {
    if (change.from_step() <= start_.version()) *assignment.add_rate_changes() = change;
  }
  *assignment.mutable_fenced() = {fenced_.begin(), fenced_.end()};
  assignment.set_resume(resume_);
  assignment.set_push_log(LogFolder());
  assignment.set_output(spec_.output);
  assignment.set_checkpoint_version(checkpoint_version_);
  assignment.set_checkpoint_deltas(checkpoint_deltas_);
  for (const auto& [slot, prefetch] : prefetch_) {
    if (prefetch.server == node.incarnation()) assignment.add_prefetch(slot);
  }
  if (state_ == v1::SAVING && !model_gathered_ && !model_again_) {
    assignment.set_save_version(version_);
    assignment.set_save_folder(ModelFolder());
  }
  return assignment;
}

v1::JobStatus JobRun::Status(absl::Duration now) const {
  v1::JobStatus status;
  status.set_job_id(id());
  status.set_name(job_.name());
  status.set_state(state_);
  status.set_message(message_);
  status.set_mode(job_.mode());
  status.set_loss(LossOf(job_));
  status.set_wire(job_.wire());
  *status.mutable_consistency() = job_.consistency();
  status.set_servers(static_cast<uint32_t>(std::count_if(
      servers_.begin(), servers_.end(), [](const auto& s) { return s.second.node.role() == v1::ROLE_SERVER; })));
  status.set_workers(static_cast<uint32_t>(workers_.size()));
  status.set_epochs(job_.epochs());
  status.set_parameters_sha256(parameters_sha256_);
  status.set_change(change_);
  status.set_wall_seconds(absl::ToDoubleSeconds((ended() ? ended_at_ : now) - submitted_));
  if (state_ == v1::DONE) status.set_model(spec_.output + "/model");
  if (plan_.rows > 0) {
    const uint64_t batches = plan_.BatchesPerEpoch();
    status.set_batches_per_epoch(batches);
    status.set_total_batches(batches * job_.epochs());
    *status.mutable_progress() = ProgressAt(version_);
    *status.mutable_data() = data_;
  }
  *status.mutable_rate_changes() = {rate_changes_.begin(), rate_changes_.end()};
  status.set_generation(layout_.generation());
  status.set_layout_epoch(layout_.epoch());
  if (state_ == v1::TRAINING || state_ == v1::EVALUATING || state_ == v1::SAVING) {
    status.set_slots_without_backup(SlotsWithoutBackup(layout_, job_.replicas()));
  }
  status.set_checkpoint(checkpoint_);
  record_.Fill(&status, now);
  if (ReducesByRing(job_)) status.mutable_use()->mutable_ring();
  return status;
}

v1::AuditResponse JobRun::Audit() const {
  v1::AuditResponse audit;
  audit.set_state(state_);
  audit.set_leases(leases_given_);
  audit.set_repeated_results(repeated_results_);
  audit.set_undone_batches(undone_batches_);
  if (plan_.rows == 0) return audit;
  const uint64_t first = FirstVersion();
  audit.set_parts(total_batches() > first ? (total_batches() - first) * job_.micro_batches() : 0);
  v1::AuditSums sums = audit_;
  // Rows of whole epochs, then of the batches of the one under way.
  const auto rows_before = [&](uint64_t version) {
    return version / plan_.BatchesPerEpoch() * plan_.rows + plan_.Batch(plan_.BatchOf(version)).first;
  };
  uint64_t expected = rows_before(version_) - rows_before(first);
  if (ledger_ && state_ == v1::TRAINING) {
    const v1::AuditSums open = ledger_->OpenSums();
    sums.set_done(sums.done() + open.done());
    sums.set_samples(sums.samples() + open.samples());
    sums.set_outcome_unknown(sums.outcome_unknown() + open.outcome_unknown());
    for (const auto& [version, parts] : ledger_->OpenParts()) {
      for (const uint32_t part : parts) expected += plan_.Part(plan_.BatchOf(version), part).size();
    }
  }
  audit.set_done(sums.done());
  audit.set_outcome_unknown(sums.outcome_unknown());
  audit.set_samples(sums.samples());
  audit.set_expected_samples(expected);
  return audit;
}

}  // namespace pumasi
