// One job from submission to its end, as a deterministic state machine: events in, a status and wishes to the shell
// out.
//
//   QUEUED -> PREPARING -> ALLOCATING -> TRAINING <-> EVALUATING -> SAVING -> DONE        (any of them -> FAILED,
//   CANCELLED)
//
// PREPARING: the workers read the data, and agree on what they found. ALLOCATING: servers make or load tables. TRAINING
// and EVALUATING: units are leased. SAVING: the final checkpoint, which is the model.
#ifndef PUMASI_SCHEDULER_JOB_RUN_H_
#define PUMASI_SCHEDULER_JOB_RUN_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/layout/batch_plan.h"
#include "proto/checkpoint.pb.h"
#include "proto/scheduler.pb.h"
#include "scheduler/ledger.h"
#include "scheduler/membership.h"
#include "scheduler/norm_round.h"
#include "scheduler/plateau.h"
#include "scheduler/training_record.h"

namespace pumasi {

// The folder, in the job's output, in which the model is written before it gets its name.
inline constexpr char kFinalCheckpointFolder[] = ".model.tmp";

// Not thread-safe.
class JobRun {
 public:
  struct Spec {
    std::string job_id;
    v1::SubmitRequest request;
    std::string output;                  // absolute
    std::optional<v1::Manifest> resume;  // of request.resume
  };
  JobRun(Spec spec, absl::Duration now);

  // --- events
  // Nodes that are alive, whenever that changed. Starts a queued job that may start and finds enough of them; lets
  // workers join; hands the units of dead ones to others; fails the job if one of its servers is gone.
  void NodesChanged(const Membership& members, bool may_start, absl::Duration now);
  absl::StatusOr<v1::ReportPreparedResponse> Prepared(const v1::ReportPreparedRequest& request, absl::Duration now);
  void AssetsUploaded(absl::Duration now);
  absl::Status ServerReady(const v1::ReportReadyRequest& request, absl::Duration now);
  absl::Status ShardSaved(const v1::ReportShardSavedRequest& request, absl::Duration now);
  // Takes finished, returned and lost units. Stale ones are ignored: their worker learns from the leases it gets.
  absl::Status TakeResults(const v1::LeaseUnitsRequest& request, absl::Duration now);
  // Hands out units; none if there is nothing to do now.
  absl::StatusOr<v1::LeaseUnitsResponse> Lease(uint64_t worker, uint32_t hold_at_most, uint64_t* next_token);
  // What a server has of a batch's norms; nothing until all servers gave theirs. Errors as in NormRound::Take, and of
  // servers that are not the job's.
  absl::StatusOr<std::optional<v1::CombineNormsResponse>> CombineNorms(const v1::CombineNormsRequest& request);
  void Fail(const std::string& message, absl::Duration now);
  void Cancel(absl::Duration now);
  // The shell finished a checkpoint that it took from TakeCheckpoint.
  void CheckpointFinished(const std::string& folder, const absl::Status& status, const std::string& parameters_sha256,
                          absl::Duration now);
  // Checks deadlines.
  void Tick(absl::Duration now);

  // --- wishes to the shell
  struct FinishCheckpoint {
    std::string folder;     // in the output folder; holds the shard files
    std::string name;       // what it shall be called
    v1::Manifest manifest;  // without assets and hash
    bool final = false;
    uint32_t keep = 0;  // checkpoints on the way that may stay
  };
  std::optional<FinishCheckpoint> TakeCheckpoint();

  // --- state
  const std::string& id() const { return spec_.job_id; }
  const Spec& spec() const { return spec_; }
  v1::JobState state() const { return state_; }
  bool ended() const { return state_ >= v1::DONE; }
  // What the node shall do; nothing if the job does not concern it.
  std::optional<v1::Assignment> AssignmentFor(const v1::Node& node) const;
  v1::JobStatus Status(absl::Duration now) const;
  // Whom it waits for, for messages.
  std::string WaitingFor() const;
  // Raised when the status, or any node's assignment, changed.
  uint64_t change() const { return change_; }
  uint64_t assignment_change() const { return assignment_change_; }
  bool TakesPart(uint64_t incarnation) const { return servers_.count(incarnation) || workers_.count(incarnation); }

 private:
  // Batches that may be leased beyond the first one that is not done: enough that reading ahead hides, few enough that
  // a dead worker's leases are soon done by others.
  static constexpr uint32_t kBatchesAhead = 4;

  struct Worker {
    v1::Node node;
    bool prepared = false;
  };
  struct Server {
    v1::Node node;
    bool ready = false;
  };
  struct PendingCheckpoint {
    uint64_t version = 0;
    std::map<std::string, v1::Manifest::File> files;  // by server name
    bool failed = false;
  };

  void Enter(v1::JobState state, absl::Duration now);
  void Begin(const Membership& members, absl::Duration now);
  void Allocate(absl::Duration now);
  absl::Status CheckResume() const;
  // Restores what the schedule has learned from test losses. Fails where the checkpoint has other losses than it needs.
  absl::Status ResumePlateau();
  void ObserveTestLoss(double loss);
  // A finished epoch whose test loss the schedule waits for: its checkpoint was written before the evaluation's end.
  bool LacksEvaluation() const;
  void StartTraining(absl::Duration now);
  void StartEpoch(absl::Duration now);
  void StartEvaluation(absl::Duration now);
  void AfterEpoch(absl::Duration now);
  void TakeBatches(absl::Duration now);
  v1::Progress ProgressAt(uint64_t version) const;

  const Spec spec_;
  const v1::Job& job_;
  v1::JobState state_ = v1::QUEUED;
  std::string message_;
  uint64_t change_ = 1;
  uint64_t assignment_change_ = 1;
  absl::Duration submitted_, last_progress_, ended_at_;

  std::string kernel_set_;              // of all workers of the job
  std::map<uint64_t, Worker> workers_;  // alive ones by incarnation
  std::set<uint64_t> fenced_;
  std::map<uint64_t, Server> servers_;
  uint64_t uploader_ = 0;
  bool assets_there_ = false;

  v1::DataSummary data_;
  std::string data_from_;  // who reported it first
  std::vector<v1::TableSpec> tables_;
  v1::Layout layout_;
  BatchPlan plan_;
  v1::Progress start_;
  uint64_t version_ = 0;          // batches applied
  std::optional<Ledger> ledger_;  // of the epoch's training, or of its evaluation
  uint32_t epoch_ = 0;
  TrainingRecord record_;
  std::string parameters_sha256_;
  NormRound norms_;
  std::optional<Plateau> plateau_;    // where the job's schedule is one
  std::vector<double> epoch_losses_;  // that plateau_ was shown
  std::vector<v1::RateChange> rate_changes_;

  std::map<std::string, PendingCheckpoint> checkpoints_;  // by folder; some servers have reported
  uint64_t gathered_ = 0;  // checkpoints on the way up to this version have all their reports
  bool model_gathered_ = false;
  std::vector<FinishCheckpoint> to_finish_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_JOB_RUN_H_
