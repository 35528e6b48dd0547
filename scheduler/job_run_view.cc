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
  if (workers_.empty()) return "a worker";
  if (state_ == v1::PREPARING) {
    for (const auto& [incarnation, worker] : workers_) {
      if (!worker.prepared) names.push_back("worker " + worker.node.name());
    }
    if (names.empty()) names.push_back("the vocabulary from a worker");
  } else if (state_ == v1::ALLOCATING) {
    for (const auto& [incarnation, server] : servers_) {
      if (!server.ready) names.push_back("server " + server.node.name());
    }
  } else if (ledger_) {
    // A server gives its norm once it has all parts of a batch: who still holds some comes first.
    for (const auto& [incarnation, parts] : ledger_->Holding()) {
      const auto worker = workers_.find(incarnation);
      names.push_back(absl::StrCat(worker == workers_.end() ? "nobody" : "worker " + worker->second.node.name(),
                                   " with ", parts, " parts of batch ", ledger_->first_open()));
    }
    for (const auto& [incarnation, server] : servers_) {
      if (!norms_.open_version() || norms_.gave(incarnation)) continue;
      names.push_back(absl::StrCat("server ", server.node.name(), " with its norm of batch ", *norms_.open_version()));
    }
  } else {
    for (const auto& [incarnation, server] : servers_) {
      if (model_gathered_) break;
      const auto pending = checkpoints_.find(kFinalCheckpointFolder);
      if (pending == checkpoints_.end() || !pending->second.files.count(server.node.name())) {
        names.push_back("server " + server.node.name());
      }
    }
    if (names.empty()) names.push_back("the model to be completed");
  }
  return absl::StrJoin(names, ", ");
}

std::optional<v1::Assignment> JobRun::AssignmentFor(const v1::Node& node) const {
  if (ended() || state_ == v1::QUEUED || !TakesPart(node.incarnation())) return std::nullopt;
  const bool server = node.role() == v1::ROLE_SERVER;
  if (server && state_ == v1::PREPARING) return std::nullopt;
  v1::Assignment assignment;
  assignment.set_job_id(id());
  *assignment.mutable_job() = job_;
  assignment.set_base(spec_.request.base());
  assignment.set_state(state_);
  if (state_ == v1::PREPARING) return assignment;
  *assignment.mutable_data() = data_;
  *assignment.mutable_tables() = {tables_.begin(), tables_.end()};
  *assignment.mutable_layout() = layout_;
  *assignment.mutable_start() = start_;
  if (!server) return assignment;
  for (const v1::RateChange& change : rate_changes_) {
    if (change.from_step() <= start_.version()) *assignment.add_rate_changes() = change;
  }
  for (const auto& [incarnation, worker] : workers_) assignment.add_workers(incarnation);
  *assignment.mutable_fenced() = {fenced_.begin(), fenced_.end()};
  assignment.set_resume(spec_.request.resume());
  assignment.set_output(spec_.output);
  if (state_ == v1::SAVING) {
    assignment.set_save_version(version_);
    assignment.set_save_folder(kFinalCheckpointFolder);
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
  status.set_servers(static_cast<uint32_t>(servers_.size()));
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
  record_.Fill(&status, now);
  return status;
}

}  // namespace pumasi
