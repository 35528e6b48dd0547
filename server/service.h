// The server's shell: gRPC calls go to the job they name; pulls and pushes that have to wait are parked.
#ifndef PUMASI_SERVER_SERVICE_H_
#define PUMASI_SERVER_SERVICE_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/metrics/metric_set.h"
#include "common/rpc/parking.h"
#include "proto/parameter_server.grpc.pb.h"
#include "proto/scheduler.grpc.pb.h"
#include "server/hosted_job.h"
#include "server/incoming_call.h"
#include "server/job_reaper.h"

namespace pumasi {

class LocalRequest;
class LocalServer;

// Thread-safe.
class ParameterServerService final
    : public v1::ParameterServer::WithRawCallbackMethod_Pull<
          v1::ParameterServer::WithRawCallbackMethod_Push<v1::ParameterServer::CallbackService>> {
 public:
  // What is in `around` has to outlive the service.
  ParameterServerService(Hosting::Options options, const HostedJob::Around& around);
  ~ParameterServerService() override;
  // Answers all waiting calls. To be called before the gRPC server and the local one shut down.
  void Stop() { waiting_.Close(); }

  // What this server shall do from now on; jobs that are not listed are dropped.
  void SetAssignments(uint64_t incarnation, const std::vector<v1::Assignment>& assignments);
  // For monitoring: of each job.
  void AddMetrics(MetricSet* metrics);

  // Workers of this host may call through this server's shared memory. It has to outlive the gRPC server; to be called
  // before that starts.
  void OfferLocal(LocalServer* local) { local_ = local; }
  // Its handler.
  void ServeLocal(std::shared_ptr<LocalRequest> request);
  // A call that came in any way; `method`: a v1::LocalMethod.
  void ServeCall(uint32_t method, const std::shared_ptr<IncomingCall>& call);

  using Context = grpc::CallbackServerContext;
  // The bytes of the service's messages.
  grpc::ServerUnaryReactor* Pull(Context* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Push(Context* context, const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<v1::SlotPiece>* FetchSlot(Context* context, const v1::FetchSlotRequest* request) override;
  grpc::ServerUnaryReactor* OpenLocal(Context* context, const v1::OpenLocalRequest* request,
                                      v1::OpenLocalResponse* response) override;

 private:
  // UNKNOWN_JOB if there is none.
  absl::StatusOr<std::shared_ptr<HostedJob>> Find(const std::string& job_id);
  using Incoming = std::shared_ptr<IncomingCall>;
  void Pull(const Incoming& call);
  void Push(const Incoming& call);
  // Answers with what `serve` says of the job, now or once it does not have to wait any more. It writes the response.
  using Serve = std::function<absl::Status(HostedJob& job)>;
  void Answer(const Incoming& call, const std::string& job_id, const Serve& serve);

  // Each holds its message.
  static constexpr size_t kMostWaiting = 1024;

  const Hosting::Options options_;
  const HostedJob::Around around_;
  LocalServer* local_ = nullptr;
  std::mutex mutex_;
  uint64_t incarnation_ = 0;                                // GUARDED_BY(mutex_): that the jobs were made under
  std::map<std::string, std::shared_ptr<HostedJob>> jobs_;  // GUARDED_BY(mutex_)
  Parking waiting_{kMostWaiting};
  JobReaper reaper_;  // last: the jobs that it ends use all of this
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SERVICE_H_
