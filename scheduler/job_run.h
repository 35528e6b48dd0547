// One job from submission to its end, as a deterministic state machine: events in, a status, records and wishes to the
// shell out.
//
//   QUEUED -> PREPARING -> ALLOCATING -> TRAINING <-> EVALUATING -> SAVING -> DONE        (any of them -> FAILED,
//                              ^                |                      |                   CANCELLED -> QUEUED)
//                              +-- RECOVERING <-+----------------------+
//
// PREPARING: the workers read the data, and agree on what they found. ALLOCATING: servers make or load tables. TRAINING
// and EVALUATING: units are leased. SAVING: the final checkpoint, which is the model. RECOVERING: parameters were lost
// with a server; the job waits for servers, and goes back to its last checkpoint's cut, or to a later one where servers
// log what they apply (durability: batch).
#ifndef PUMASI_SCHEDULER_JOB_RUN_H_
#define PUMASI_SCHEDULER_JOB_RUN_H_

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/job_mode.h"
#include "common/layout/batch_plan.h"
#include "proto/checkpoint.pb.h"
#include "proto/job_record.pb.h"
#include "proto/scheduler.pb.h"
#include "scheduler/group_meeting.h"
#include "scheduler/job_holders.h"
#include "scheduler/job_wishes.h"
#include "scheduler/layout_plan.h"
#include "scheduler/ledger.h"
#include "scheduler/membership.h"
#include "scheduler/norm_round.h"
#include "scheduler/plateau.h"
#include "scheduler/store.h"
#include "scheduler/training_record.h"
#include "scheduler/worker_speeds.h"

namespace pumasi {

// Folders, in the job's output, in which the model, or the checkpoint of a version, is written before it gets its name:
// another one in each generation, so that servers of an older one that are still alive write where nobody looks.
std::string ModelFolderInTheMaking(uint64_t generation, uint32_t attempt = 0);
std::string CheckpointFolderInTheMaking(uint64_t version, uint64_t generation);
// What the checkpoint of a version is called when it is complete.
std::string CheckpointName(uint64_t version);

// Not thread-safe.
class JobRun {
 public:
  struct Spec {
    std::string job_id;
    v1::SubmitRequest request;
    std::string output;                  // absolute
    std::optional<v1::Manifest> resume;  // of request.resume
  };
  // Change numbers begin after `first_change`.
  JobRun(Spec spec, absl::Duration now, uint64_t first_change = 0);

  // --- events
  // Nodes that are alive or draining, whenever that changed. Starts a queued job that may start and finds enough of
  // them; lets nodes join; hands the units and slots of dead ones to others.
  void NodesChanged(const Membership& members, bool may_start, absl::Duration now);
  absl::StatusOr<v1::ReportPreparedResponse> Prepared(const v1::ReportPreparedRequest& request, absl::Duration now);
  void AssetsUploaded(absl::Duration now);
  absl::Status ServerReady(const v1::ReportReadyRequest& request, absl::Duration now);
  absl::Status Filled(const v1::ReportFilledRequest& request, absl::Duration now);
  absl::Status ShardSaved(const v1::ReportShardSavedRequest& request, absl::Duration now);
  // Takes finished, returned and lost units. Results of an undone generation, and of work that nobody wants, count for
  // nothing, and are no error. MALFORMED: one of them makes no sense; all others are taken.
  absl::Status TakeResults(const v1::LeaseUnitsRequest& request, absl::Duration now);
  // Hands out units; none if there is nothing to do now, or while a restarted scheduler hears what workers did alone.
  absl::StatusOr<v1::LeaseUnitsResponse> Lease(uint64_t worker, uint32_t hold_at_most, uint64_t* next_token,
                                               absl::Duration now);
  // What a server has of a batch's norms; nothing until all servers gave theirs. Errors as in NormRound::Take, and of
  // servers that are not the job's.
  absl::StatusOr<std::optional<v1::CombineNormsResponse>> CombineNorms(const v1::CombineNormsRequest& request);
  absl::StatusOr<std::optional<v1::MeetGroupResponse>> MeetGroup(const v1::MeetGroupRequest& request);  // likewise
  // Fails the job, or warns if the node goes on. UNKNOWN_INCARNATION: it has no part in the job.
  absl::Status NodeFailed(const v1::ReportFailureRequest& request, absl::Duration now);
  void Fail(const std::string& message, absl::Duration now);
  void Cancel(absl::Duration now);
  // A failed or cancelled job is queued again, and goes on from its last checkpoint's cut. FailedPrecondition: it is
  // neither.
  absl::Status Resume(absl::Duration now);
  // The shell finished a checkpoint that it took from TakeCheckpoint.
  void CheckpointFinished(const std::string& folder, const absl::Status& status, const std::string& parameters_sha256,
                          absl::Duration now);
  // The answer to a question of TakeLogQuestion: the first version that some slot's log does not have, or why it could
  // not be read. Answers to older questions are ignored.
  void LogRead(uint64_t question, const absl::StatusOr<uint64_t>& end, absl::Duration now);
  void Warn(const std::string& warning);
  void Tick(absl::Duration now);  // checks deadlines

  // --- wishes to the shell
  using FinishCheckpoint = pumasi::FinishCheckpoint;
  std::optional<FinishCheckpoint> TakeCheckpoint();
  using LogQuestion = pumasi::LogQuestion;
  std::optional<LogQuestion> TakeLogQuestion();
  // Whether one of the two has something.
  bool HasFileWork() const { return !to_finish_.empty() || (log_asked_ && !log_end_ && !log_question_taken_); }

  // --- records (proto/job_record.proto)
  // Adds those that changed since the last call. Returns whether one of them has to survive a power loss before anybody
  // hears of it.
  bool SaveChanges(StoreBatch* batch, absl::Duration now);
  // What stands in the store under "job/ID/", without that prefix. DataLoss names the record that can't be read.
  static absl::StatusOr<std::unique_ptr<JobRun>> Restore(const std::string& id,
                                                         const std::map<std::string, std::string>& records,
                                                         absl::Duration now, uint64_t first_change);
  // The next SaveChanges compares all records with what was saved, and not only those of which it was noted that they
  // changed. For tests: it finds nothing, or a note was forgotten.
  void LookAtAllRecords();
  // Removes all of them.
  void Forget(StoreBatch* batch) const;

  // --- state
  // Since a restart no unit was leased: some workers have not told yet what they did meanwhile.
  bool hearing() const { return hearing_until_.has_value(); }
  const std::string& id() const { return spec_.job_id; }
  const Spec& spec() const { return spec_; }
  v1::JobState state() const { return state_; }
  bool ended() const { return state_ >= v1::DONE; }
  // Whether the job, if it lost its parameters, would load the checkpoint of this name, or has ended with this model.
  bool GoesOnFrom(const std::string& name) const { return state_ == v1::DONE ? name == "model" : name == checkpoint_; }
  // Raised when there may be units for workers that wait: after TakeResults their calls are to be answered again if it
  // has changed.
  uint64_t work_change() const { return work_change_; }
  // What the node shall do; nothing if the job does not concern it.
  std::optional<v1::Assignment> AssignmentFor(const v1::Node& node) const;
  v1::JobStatus Status(absl::Duration now) const;
  // Sums; the batches stand in the store, as "audit/ID/VERSION", up to audited_end().
  v1::AuditResponse Audit() const;
  // Batches [FirstVersion(), audited_end()) are done, and have their AuditBatch.
  uint64_t FirstVersion() const { return spec_.resume ? spec_.resume->progress().version() : 0; }
  uint64_t audited_end() const { return version_; }
  std::string WaitingFor() const;  // for messages: whom it waits for
  // Raised when the status, or any node's assignment, changed.
  uint64_t change() const { return change_; }
  uint64_t assignment_change() const { return assignment_change_; }
  bool TakesPart(uint64_t incarnation) const { return servers_.count(incarnation) || workers_.count(incarnation); }
  const v1::Layout& layout() const { return layout_; }
  const BatchTimes& batch_times() const { return record_.batch_times(); }
  JobProfile& profile() { return record_.profile(); }  // how nodes spend their time on it; in no record
  // Whether the node still holds units, or slots, or has a checkpoint to write.
  bool Needs(uint64_t incarnation) const;
  // When Tick has something to look at; InfiniteDuration if nothing but the job's own deadlines.
  absl::Duration NextDeadline(absl::Duration now) const;

 private:
  // Batches that may be leased beyond the first one that is not done: enough that reading ahead hides, few enough that
  // a dead worker's leases are soon done by others.
  static constexpr uint32_t kBatchesAhead = 4;
  static constexpr uint32_t kRoundsAhead = 2;  // each of many batches, all in the worker's memory
  // Checkpoints whose reports are gathered at a time, and cuts that are remembered for them.
  static constexpr size_t kPending = 16;
  // Dead workers that servers are told to refuse, the latest. A call is over within seconds, so that of one that died a
  // thousand deaths ago none is under way; and servers take pushes of living workers alone.
  static constexpr size_t kFenced = 1024;
  // Between two attempts at writing the model.
  static constexpr absl::Duration kModelPause = absl::Seconds(2);
  // How long a restarted scheduler waits for workers to tell what they did without one. They try to reach it ten times
  // a second; one that has not called by then may be dead, and what it has is computed once more.
  static constexpr absl::Duration kHearing = absl::Seconds(2);
  // With a log: cuts of so many latest batches are kept, and as many more as may be missing in parameters. Servers'
  // logs end at most two batches, and those, before what is done.
  static constexpr uint64_t kLogCuts = 8;
  // An answer about the log that takes longer is not waited for.
  static constexpr absl::Duration kLogTime = absl::Seconds(30);

  struct Worker {
    v1::Node node;
    bool prepared = false;
    bool draining = false;
    uint64_t probed = 0;        // the batch at which it last got a unit though its quota is 0
    uint64_t lane_batches = 0;  // LeaseUnitsRequest.lane_batches
  };
  struct Server {
    v1::Node node;
    bool ready = false, draining = false;
    absl::Duration avoid_until = -absl::InfiniteDuration();  // it could not copy a slot
    uint64_t copied_bytes = 0;                               // ReportFilledRequest.copied_bytes
  };
  struct PendingCheckpoint {
    struct Shard {
      uint64_t epoch = 0;  // of the layout whose primary slots it holds
      v1::Manifest::File file;
    };
    uint64_t version = 0;
    std::map<uint64_t, Shard> shards;  // by server
    bool failed = false;
    bool gathered = false;  // waits for the shell
  };
  // Of a slot that is filling.
  struct Filling {
    uint64_t server = 0;
    absl::Duration deadline;
    uint64_t epoch = 0;  // of the layout with which it began
    bool done = false;
  };
  using Owners = std::vector<uint64_t>;  // by slot: its primary's incarnation

  // job_run.cc
  void Enter(v1::JobState state, absl::Duration now);
  void End(v1::JobState state, const std::string& message, absl::Duration now);
  void Begin(const Membership& members, absl::Duration now);
  void WarnOfMembers(const Membership& members);
  void UpdateWorkers(const Membership& members);
  void ForgetFenced(const Membership& members);
  bool WorkersPrepared() const;
  absl::Status PlanData();

  // job_run_servers.cc: who holds which slot
  // Returns whether servers came, went, or were drained. `died` says who did of those that held slots.
  bool UpdateServers(const Membership& members, std::string* died);
  // A node that may hold slots from now on. Returns whether it is new, or drained or not as it was not before.
  bool AddServer(const v1::Node& node, bool draining);
  // Where workers hold the slots: those that may, which is once they have read the job's data. Returns as AddServer.
  bool AddMembers();
  std::vector<v1::Node> UsableServers() const;
  bool InLayout(uint64_t incarnation) const;
  // The next layout, if there is a better one. `died`: who has died, in words; empty: nobody.
  void Relayout(const std::string& died, absl::Duration now);
  void Adopt(const v1::Layout& layout, absl::Duration now);
  // Deadlines of copying; the next layout once all that fills is done with.
  void LookAtFilling(absl::Duration now);
  bool FillingResolved() const;
  void CopyFailed(uint32_t slot, uint64_t server, const std::string& why, absl::Duration now);
  void StopCopying();
  LayoutView View(absl::Duration now) const;

  // job_run_recovery.cc: back to a cut
  void Allocate(absl::Duration now);
  void Recover(const std::string& why, absl::Duration now);
  void RememberCut(uint64_t version, absl::Duration now);
  // `version`: of a cut that is remembered.
  void ReturnToCut(uint64_t version);
  v1::CutRecord FirstCut() const;
  absl::Status CheckResume() const;

  // job_run_log.cc: the log of applied gradients
  bool has_log() const { return job_.durability() == v1::DURABILITY_BATCH; }
  std::string LogFolder() const;
  // The cut to go back to; nothing: the log has to be read first. Asks how far it reaches if that is not known.
  std::optional<uint64_t> ChooseCut(absl::Duration now);
  void ForgetLogAnswer();
  // Why the job recovers, as message_ begins with it: "server s1 died"; empty: nothing was lost.
  std::string WhyRecovering() const;
  // Forgets cuts that nothing will go back to.
  void ForgetCuts();

  // job_run_hearing.cc: after a restart
  void StartHearing(absl::Duration now);
  // Ends the hearing if all have been heard, or its time is over.
  void LookAtHearing(absl::Duration now);
  void ForgetHearing();

  // job_run_units.cc: epochs, and their units
  void StartTraining(absl::Duration now);
  void StartEpoch(bool from_cut, absl::Duration now);
  void EndEpoch(absl::Duration now);
  void StartEvaluation(absl::Duration now);
  void AfterEpoch(absl::Duration now);
  void TakeOwn(const v1::LeaseUnitsRequest& request, absl::Duration now);
  absl::Status TakeUnit(const v1::Node& worker, const v1::UnitDone& done, absl::Duration now);
  void TakeBatches(absl::Duration now);
  std::vector<Ledger::Unit> ChooseUnits(uint64_t incarnation, Worker& worker, uint32_t hold_at_most,
                                        uint64_t* next_token, absl::Duration now);
  std::vector<Ledger::Unit> ChooseRingUnits(uint64_t, uint32_t hold_at_most, uint64_t* next_token, absl::Duration now);
  std::vector<uint64_t> RingMembers() const;
  void AddLease(const Ledger::Unit& unit, v1::LeaseUnitsResponse* response) const;
  Ledger::Options LedgerOptions() const;
  v1::Progress ProgressAt(uint64_t version) const;
  uint64_t total_batches() const { return plan_.rows == 0 ? 0 : plan_.BatchesPerEpoch() * job_.epochs(); }

  // job_run_checkpoint.cc
  std::string ModelFolder() const { return ModelFolderInTheMaking(layout_.generation(), model_attempt_); }
  // The job goes on trying until it has made no progress for its stall_timeout.
  void ModelFailed(const std::string& why, absl::Duration now);
  absl::Status CheckShard(const v1::ReportShardSavedRequest& request) const;
  // Whether all reports of pending checkpoints are there now, or never will be.
  void LookAtCheckpoints(absl::Duration now);
  enum class Coverage { kWhole, kIncomplete, kHopeless };
  Coverage CoverageOf(const PendingCheckpoint& pending) const;
  void Gather(const std::string& folder, PendingCheckpoint& pending);
  FinishCheckpoint FinishOf(const std::string& folder, const PendingCheckpoint& pending) const;

  // job_run_rates.cc
  // Restores what the schedule has learned from test losses. Fails where the checkpoint has other losses than it needs.
  absl::Status ResumePlateau();
  // The schedule as after these losses.
  void ReplayLosses(std::vector<double> losses);
  void ObserveTestLoss(double loss);
  // A finished epoch whose test loss the schedule waits for: its checkpoint was written before the evaluation's end.
  bool LacksEvaluation() const;

  // job_run_records.cc
  v1::JobSpecRecord SpecRecord() const;
  v1::JobStateRecord StateRecord() const;
  v1::JobProgressRecord ProgressRecord(absl::Duration now) const;
  v1::JobHistoryRecord HistoryRecord() const;
  absl::Status TakeState(const v1::JobStateRecord& record, absl::Duration now);
  void TakeProgress(const v1::JobProgressRecord& record, const std::map<uint64_t, v1::OpenBatchRecord>& open,
                    absl::Duration now);
  // Returns whether it differs from what was saved last.
  bool Save(const std::string& name, std::string bytes, StoreBatch* batch);
  void SaveOpenBatches(StoreBatch* batch);
  // Returns whether there is a new one.
  bool SaveCuts(StoreBatch* batch);
  std::string Key(const std::string& name) const { return "job/" + id() + "/" + name; }

  const Spec spec_;
  const v1::Job& job_;
  v1::JobState state_ = v1::QUEUED;
  std::string message_;
  uint64_t change_;
  uint64_t assignment_change_;
  absl::Duration submitted_, last_progress_, ended_at_, recovering_since_;
  bool resumed_ = false;

  std::string kernel_set_;              // of all workers of the job
  std::map<uint64_t, Worker> workers_;  // alive ones by incarnation
  std::set<uint64_t> fenced_;
  std::map<uint64_t, Server> servers_;  // alive ones that may hold slots, also workers; the layout says who holds what
  uint64_t uploader_ = 0;
  bool assets_there_ = false;

  v1::DataSummary data_;
  std::string data_from_;  // who reported it first
  std::vector<v1::TableSpec> tables_;
  BatchPlan plan_;

  v1::Layout layout_;
  uint64_t generation_epoch_ = 0;                      // the first layout epoch of its generation
  std::map<uint64_t, Owners> owners_;                  // of the latest layouts of the generation, by epoch
  std::map<uint32_t, LayoutView::Prefetch> prefetch_;  // by slot
  std::map<uint32_t, Filling> filling_;                // by slot, as layout_.slot_filling
  std::set<uint32_t> failed_;                          // of filling_
  std::optional<absl::Duration> copied_since_;         // since when slots copied ahead wait for others

  v1::Progress start_;
  std::string resume_;            // folder that servers load
  uint64_t version_ = 0;          // batches applied
  std::optional<Ledger> ledger_;  // of the epoch's training, or of its evaluation
  uint32_t epoch_ = 0;
  TrainingRecord record_;
  v1::AuditSums audit_;
  uint64_t leases_given_ = 0, repeated_results_ = 0, undone_batches_ = 0;
  WorkerSpeeds speeds_;
  std::string parameters_sha256_;
  NormRound norms_;
  GroupMeeting meeting_;
  std::optional<Plateau> plateau_;    // where the job's schedule is one
  std::vector<double> epoch_losses_;  // that plateau_ was shown
  std::vector<v1::RateChange> rate_changes_;

  std::map<std::string, PendingCheckpoint> checkpoints_;  // by folder; some servers have reported
  uint64_t gathered_ = 0;  // checkpoints on the way up to this version have all their reports, or were given up
  bool model_gathered_ = false;
  uint32_t model_attempt_ = 0;                 // at writing the model; each has a folder of its own
  std::optional<absl::Duration> model_again_;  // the last one failed: when the next one begins
  std::vector<FinishCheckpoint> to_finish_;
  std::string checkpoint_;  // the last complete one, by name
  uint64_t checkpoint_version_ = 0;
  uint32_t checkpoint_deltas_ = 0;
  std::map<uint64_t, v1::CutRecord> cuts_;   // by version: of the last complete checkpoint or the start, and later ones
  std::optional<absl::Duration> log_asked_;  // when the question with number log_question_ was asked
  uint64_t log_question_ = 0;
  bool log_question_taken_ = false;
  std::optional<uint64_t> log_end_;  // its answer

  uint64_t work_change_ = 0;
  std::optional<absl::Duration> hearing_until_;
  std::set<uint64_t> to_hear_;  // workers that have not called since the restart
  // Results without an outcome that came meanwhile: whoever computed the parts may still tell.
  std::vector<std::pair<v1::Node, v1::UnitDone>> unknown_;

  // Records are large, and most events are results of units, which change few of them. The state's changed if this is
  // set, by all events but TakeResults, Lease and CombineNorms, or if assignment_change_ differs.
  bool touched_ = true;
  bool model_told_ = false;               // a report about the model came, which will not come again
  uint64_t losses_change_ = 0;            // raised with epoch_losses_
  std::set<uint64_t> changed_cuts_;       // written since
  uint64_t saved_change_ = 0;             // change_ when records were saved last
  uint64_t saved_assignment_change_ = 0;  // likewise
  std::pair<uint64_t, uint64_t> saved_history_{~uint64_t{0}, 0};  // record_.history_change(), losses_change_
  std::set<uint64_t> saved_cuts_;
  std::map<std::string, std::string> saved_;   // records as they were saved last, by name
  std::map<uint64_t, v1::AuditBatch> audits_;  // not saved yet
  std::set<uint64_t> saved_open_;              // batches of the ledger that have records
  bool ledger_is_new_ = false;                 // these are of another ledger
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_JOB_RUN_H_
