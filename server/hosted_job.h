// One job on this server: its shard, and what the scheduler wants done with it.
#ifndef PUMASI_SERVER_HOSTED_JOB_H_
#define PUMASI_SERVER_HOSTED_JOB_H_

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/file.h"
#include "proto/scheduler.grpc.pb.h"
#include "server/shard.h"

namespace pumasi {

// Thread-safe. A thread of its own makes the tables, writes the final checkpoint and reports to the scheduler.
class HostedJob {
 public:
  struct Options {
    uint64_t incarnation = 0;  // this server's
    std::string node;          // its name
    std::string output_root;
    uint64_t memory_limit = 0;
  };
  // `scheduler` and `files` have to outlive the job; `on_change` is called, from the job's own thread, when the tables
  // are there and when that thread has raised the version.
  HostedJob(const Options& options, const v1::Assignment& assignment, v1::Scheduler::StubInterface& scheduler,
            Files& files, std::function<void()> on_change);
  ~HostedJob();

  void Update(const v1::Assignment& assignment);

  // UNAVAILABLE until the tables are there.
  absl::Status Pull(const v1::PullRequest& request, v1::PullResponse* response);
  absl::Status Push(const v1::PushRequest& request, v1::PushResponse* response, bool* version_changed);

 private:
  struct Report {
    std::string folder;
    uint64_t version = 0;
    std::string file;
    uint64_t size = 0;
    uint32_t crc32c = 0;
    std::string error;
  };
  absl::Status CheckHeader(const v1::CallHeader& header) const;
  absl::Status MakeShard();
  // REQUIRES: mutex_ held.
  Report SaveShard(const std::string& folder);
  // REQUIRES: mutex_ held. A batch was applied.
  void VersionChanged();
  // Asks the scheduler for the norms that the shard waits for, and applies them. `lock` holds mutex_; it is free during
  // the call.
  void FetchNorms(std::unique_lock<std::mutex>& lock);
  void Run();
  // Calls until the scheduler answers or the job is dropped (Cancelled). Its answer's status; a refusal is logged.
  template <typename Request, typename Response, typename Method>
  absl::Status Tell(const Request& request, Response* response, Method method);
  void TellFailure(const std::string& message);

  const Options options_;
  v1::Scheduler::StubInterface& scheduler_;
  Files& files_;
  const std::function<void()> on_change_;

  std::mutex mutex_;
  std::condition_variable wake_;
  v1::Assignment assignment_;     // GUARDED_BY(mutex_)
  std::unique_ptr<Shard> shard_;  // GUARDED_BY(mutex_)
  std::set<uint64_t> workers_;    // GUARDED_BY(mutex_)
  std::set<uint64_t> fenced_;     // GUARDED_BY(mutex_)
  std::vector<Report> reports_;   // GUARDED_BY(mutex_): not yet told
  std::string failure_;           // GUARDED_BY(mutex_): not yet told
  std::string saved_folder_;      // GUARDED_BY(mutex_): the last checkpoint written on the scheduler's wish
  bool dropped_ = false;          // GUARDED_BY(mutex_)
  std::thread thread_;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_HOSTED_JOB_H_
