// A worker's calls to the scheduler about one job, with deadlines and typed errors.
#ifndef PUMASI_WORKER_JOB_SCHEDULER_CLIENT_H_
#define PUMASI_WORKER_JOB_SCHEDULER_CLIENT_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/calls_in_flight.h"
#include "proto/scheduler.grpc.pb.h"

namespace pumasi {

// Thread-safe. Each call is one try: callers decide about another. Its end waits for all calls' callbacks.
class SchedulerClient {
 public:
  // `stub` has to outlive the client.
  SchedulerClient(v1::Scheduler::StubInterface& stub, std::string job_id, uint64_t incarnation,
                  std::chrono::milliseconds call_timeout)
      : stub_(stub), job_id_(std::move(job_id)), incarnation_(incarnation), call_timeout_(call_timeout) {}

  // Whether the vocabulary's files are wanted.
  absl::StatusOr<bool> ReportPrepared(const v1::DataSummary& data);
  // Sends files by their paths, in chunks.
  absl::Status Upload(const std::vector<std::string>& paths);
  // Does not wait: `done` comes later, from any thread. After Cancel it does not come any more, if the call had not
  // begun.
  using Leased = std::function<void(absl::StatusOr<v1::LeaseUnitsResponse>)>;
  void LeaseUnits(v1::LeaseUnitsRequest request, Leased done);
  // Waits until all of the group have come, or for the call's deadline. NOT_READY: then some had not.
  absl::StatusOr<v1::MeetGroupResponse> MeetGroup(v1::MeetGroupRequest request);
  absl::Status ReportFailure(const std::string& message);
  // Likewise, and nobody learns what came of it.
  void SendFailure(const std::string& message) { SendFailure(message, false); }
  // Likewise: something is amiss, and the worker goes on.
  void SendWarning(const std::string& message) { SendFailure(message, true); }
  // Ends calls in progress and all later ones.
  void Cancel() { calls_.CancelAll(); }
  // Until no call is in progress.
  void Wait() { calls_.Wait(); }

 private:
  template <typename Call>
  absl::Status Do(Call call, std::chrono::milliseconds extra_time = std::chrono::milliseconds(0));
  void SendFailure(const std::string& message, bool goes_on);
  v1::ReportFailureRequest Failure(const std::string& message) const;

  v1::Scheduler::StubInterface& stub_;
  const std::string job_id_;
  const uint64_t incarnation_;
  const std::chrono::milliseconds call_timeout_;
  CallsInFlight calls_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_SCHEDULER_CLIENT_H_
