// The calls of one job that are on their way: so that they can be cancelled, and waited for.
#ifndef PUMASI_COMMON_RPC_CALLS_IN_FLIGHT_H_
#define PUMASI_COMMON_RPC_CALLS_IN_FLIGHT_H_

#include <condition_variable>
#include <map>
#include <mutex>

namespace grpc {
class ClientContext;
}

namespace pumasi {

// Thread-safe. Calls have deadlines, so waiting for them has an end.
class CallsInFlight {
 public:
  CallsInFlight() = default;
  // CancelAll, Wait.
  ~CallsInFlight();
  CallsInFlight(const CallsInFlight&) = delete;
  CallsInFlight& operator=(const CallsInFlight&) = delete;

  // Before the call. `owner` tells whose it is. False: everything was cancelled, do not call.
  bool Begin(grpc::ClientContext* context, const void* owner);
  // After it, as the last thing that the call's callback does.
  void End(grpc::ClientContext* context);

  void Cancel(const void* owner);
  // All calls in progress, and no new ones.
  void CancelAll();
  bool cancelled() const;
  // Until no call is in progress. Not to be called from a callback.
  void Wait();

 private:
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::map<grpc::ClientContext*, const void*> calls_;  // GUARDED_BY(mutex_): with their owners
  bool cancelled_ = false;                             // GUARDED_BY(mutex_)
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_RPC_CALLS_IN_FLIGHT_H_
