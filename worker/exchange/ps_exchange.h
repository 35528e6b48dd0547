// Parameter-server exchange: pulls from and pushes to all servers of a layout at once, and tries again what may be
// tried again.
#ifndef PUMASI_WORKER_EXCHANGE_PS_EXCHANGE_H_
#define PUMASI_WORKER_EXCHANGE_PS_EXCHANGE_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/layout/part_range.h"
#include "proto/parameter_server.grpc.pb.h"
#include "worker/exchange/router.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace pumasi {

// Thread-safe. Its calls block; each ends by success, by an error that trying again would not mend, by Cancel, or at
// its deadline (DeadlineExceeded, naming whom it waited for).
class PsExchange {
 public:
  struct Options {
    std::string job_id;
    uint64_t incarnation = 0;
    std::chrono::milliseconds call_timeout{5000};    // of one try
    std::chrono::milliseconds stall_timeout{60000};  // of all tries
  };
  // `channels`: to the servers of the router's layout, in their order.
  PsExchange(const Options& options, Router router, const std::vector<std::shared_ptr<grpc::Channel>>& channels);
  ~PsExchange();

  // Reads out->ids and all dense tables at `version`, waiting for it. Aborted as soon as `give_way` (if there is one)
  // is true; call Interrupt when that may have changed.
  absl::Status Pull(uint64_t version, uint64_t lease_token, PulledParameters* out,
                    const std::function<bool()>& give_way = {});
  void Interrupt();
  // Brings the gradient of parts `range` of batch `version` to every server, and the lease's changes of the learning
  // rate with it.
  absl::Status Push(uint64_t version, PartRange range, uint64_t lease_token, const Gradient& gradient,
                    const google::protobuf::RepeatedPtrField<v1::RateChange>& rate_changes = {});
  // Ends calls in progress and all later ones with Cancelled.
  void Cancel();

  // Bytes of the messages sent and received, since the last call of TakeBytes.
  struct Bytes {
    uint64_t pulled = 0;
    uint64_t pushed = 0;
  };
  Bytes TakeBytes();

 private:
  class Calls;
  // Begins one call to `server` and calls back when it is over.
  using Start = std::function<void(size_t server, grpc::ClientContext*, std::function<void(grpc::Status)>)>;
  // Makes the calls to all servers at once, again and again for those that failed in a way that may pass. `take` looks
  // at an answer; DataLoss of it is tried again, too.
  absl::Status UntilAll(const std::string& what, const Start& start,
                        const std::function<absl::Status(size_t server)>& take,
                        const std::function<bool()>& give_way = {});
  void FillHeader(uint64_t lease_token, v1::CallHeader* header) const;

  const Options options_;
  const Router router_;
  std::vector<std::unique_ptr<v1::ParameterServer::StubInterface>> stubs_;
  std::atomic<uint64_t> pulled_{0}, pushed_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;      // GUARDED_BY(mutex_)
  std::set<Calls*> in_flight_;  // GUARDED_BY(mutex_)
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_EXCHANGE_PS_EXCHANGE_H_
