// As much of a scheduler as servers need to serve one job: they register, hear of the job, and tell when they are
// ready.
#ifndef PUMASI_TOOLS_BENCH_EXCHANGE_SCHEDULER_H_
#define PUMASI_TOOLS_BENCH_EXCHANGE_SCHEDULER_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/stage_times.h"
#include "proto/scheduler.grpc.pb.h"

namespace pumasi {

// Thread-safe, as gRPC needs it. No node's lease ever ends.
class PlayedScheduler final : public v1::Scheduler::Service {
 public:
  // What every node shall do from now on.
  void Assign(const v1::Assignment& assignment);
  // Ends the calls that wait here. To be called before the gRPC server shuts down.
  void Stop();

  // Those that have registered, by name.
  std::vector<v1::Node> nodes() const;
  // Whether so many have, or have told that they hold their slots of the job, within `timeout`. Failed: a node says
  // that it can't go on.
  bool WaitForNodes(size_t count, absl::Duration timeout);
  bool WaitForReady(size_t count, absl::Duration timeout);
  // Names of nodes that are not ready.
  std::vector<std::string> NotReady() const;
  // Not Ok: a node said that it can't go on, and why.
  absl::Status failure() const;
  // How long a server's calls took on average, by stage, in seconds; 0: none did. Servers tell it once a second.
  double MeanSeconds(v1::Stage stage) const;

  using Context = grpc::ServerContext;
  grpc::Status Register(Context*, const v1::RegisterRequest*, v1::RegisterResponse*) override;
  grpc::Status Heartbeat(Context*, const v1::HeartbeatRequest*, v1::HeartbeatResponse*) override;
  grpc::Status Leave(Context*, const v1::LeaveRequest*, v1::LeaveResponse*) override;
  grpc::Status ReportReady(Context*, const v1::ReportReadyRequest*, v1::ReportReadyResponse*) override;
  grpc::Status ReportUse(Context*, const v1::ReportUseRequest*, v1::ReportUseResponse*) override;
  grpc::Status ReportFailure(Context*, const v1::ReportFailureRequest*, v1::ReportFailureResponse*) override;

 private:
  template <typename Condition>
  bool WaitUntil(absl::Duration timeout, Condition condition);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;                      // GUARDED_BY(mutex_)
  std::vector<v1::Node> nodes_;               // GUARDED_BY(mutex_): by name
  std::set<uint64_t> ready_;                  // GUARDED_BY(mutex_): incarnations
  std::optional<v1::Assignment> assignment_;  // GUARDED_BY(mutex_)
  uint64_t change_ = 1;                       // GUARDED_BY(mutex_): of it
  absl::Status failure_;                      // GUARDED_BY(mutex_)
  StageSums stages_;                          // GUARDED_BY(mutex_)
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_EXCHANGE_SCHEDULER_H_
