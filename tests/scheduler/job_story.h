// A job's life as a story: lines of "what happens => what comes of it", played against a Cluster with time standing
// still until a line moves it.
//
//   server NAME / worker NAME [KERNELS [DEVICES]]   registers
//   NAME dies / NAME leaves               its connection breaks and the grace time passes / it says goodbye
//   drain NAME / undrain NAME             it shall get no more work / it shall again
//   NAME prepared [ROWS [DATA]]           reports its data; answers "upload" if the vocabulary is wanted from it
//   assets                                the vocabulary arrives
//   NAME ready                            it has its tables, for the layout as it is
//   NAME slots                            answers what it holds: "primary 0 1, backup 2, filling 3, prefetch 4"
//   NAME copied N                         the server has got N bytes of slots so far
//   NAME prefetched / filled / failed     the server has copied all that it shall copy ahead / that fills / could not
//   NAME asks N                           asks for units until it holds N; answers what it got
//   NAME done [N]                         reports the first N units that it holds, or all
//   NAME returns                          gives all its units back
//   NAME saved VERSION [ERROR...]         its shard file of the checkpoint at VERSION; "model" for the final one
//   NAME saved VERSION since BASE         likewise, a delta
//   completed [ERROR...]                  the shell finished the next checkpoint; answers its name
//   cancelled / resumed / SECONDS pass    all nodes stay in touch meanwhile
//   restart [unheard]                     another scheduler goes on with the records of the one before; the workers
//   call
//                                         it at once, unless it is unheard
//
// After the answer, if there is one, stands the job's state, and its message if it has one.
#ifndef PUMASI_TESTS_SCHEDULER_JOB_STORY_H_
#define PUMASI_TESTS_SCHEDULER_JOB_STORY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/cluster.h"
#include "scheduler/memory_store.h"

namespace pumasi {

// A job of 2 epochs over 10 rows, in batches of 4 (the last one of 2), 2 parts each.
JobRun::Spec SmallJobSpec();

// Stories that others begin with: one server and one worker, in training; and from there to the last batch's end.
inline constexpr char kTraining[] = R"(
  server s1
  worker w1    => PREPARING
  w1 prepared  => upload, PREPARING
  assets       => ALLOCATING
  s1 ready     => TRAINING
)";

inline constexpr char kSaving[] = R"(
  w1 asks 9
  w1 done      => TRAINING
  w1 asks 9
  w1 done      => SAVING
)";

class JobStory {
 public:
  explicit JobStory(JobRun::Spec spec = SmallJobSpec(), uint64_t test_rows = 0);

  JobRun& job() { return **cluster_->Find(id_); }
  const JobRun& job() const { return **cluster_->Find(id_); }
  Cluster& cluster() { return *cluster_; }
  MemoryStore& store() { return store_; }
  v1::JobStatus Status() const { return job().Status(now_); }
  const v1::Node& node(const std::string& name) const { return nodes_.at(name); }
  v1::Assignment AssignmentFor(const std::string& name) const {
    return job().AssignmentFor(node(name)).value_or(v1::Assignment());
  }
  // The units that the node holds.
  std::vector<v1::Lease>& held(const std::string& name) { return held_[name]; }
  // What stands in the store of a batch that is done.
  v1::AuditBatch Audited(uint64_t version);
  // What a part comes to; tests may put their own in.
  std::function<void(const v1::Lease&, v1::PartResult*)> result = [](const v1::Lease&, v1::PartResult*) {};
  JobRun::FinishCheckpoint last_checkpoint;
  absl::Duration now() const { return now_; }
  // After every line the scheduler restarts, and nothing visible may change.
  bool restart_always = false;

  // Fails the test at the first line that comes out otherwise than it says.
  void Play(const std::string& story);
  void Commit();
  void Restart(bool hear = true);
  // The worker reports that it has nothing to tell, but what it computes by itself: {version, first part, end part}.
  void Calls(const std::string& name, const std::vector<std::vector<uint64_t>>& own = {}, bool more_results = false);

 private:
  std::string Do(const std::string& what);
  std::string NodeDoes(const v1::Node& node, const std::vector<std::string>& words, const std::string& what);
  void Join(const std::string& name, v1::Role role, const std::string& kernels, uint32_t devices);
  void Pass(double seconds);
  std::string Prepared(const v1::Node& node, uint64_t rows, const std::string& data);
  std::string Slots(const v1::Node& node) const;
  std::string Copied(const v1::Node& node, const std::string& verb);
  std::string Ask(const v1::Node& node, uint32_t hold_at_most);
  std::string Done(const v1::Node& node, size_t most);
  std::string Return(const v1::Node& node);
  std::string Saved(const v1::Node& node, const std::string& version, std::string error);
  std::string Complete(const std::string& error);
  // All that nodes and users can see.
  std::string Visible();

  const uint64_t test_rows_;
  const std::string id_;
  absl::Duration now_ = absl::Seconds(1000);
  MemoryStore store_;
  std::unique_ptr<Cluster> cluster_;
  std::map<std::string, v1::Node> nodes_;
  std::map<std::string, std::vector<v1::Lease>> held_;
  uint64_t incarnation_ = 100;
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_SCHEDULER_JOB_STORY_H_
