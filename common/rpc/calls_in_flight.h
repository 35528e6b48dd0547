// The calls of one job that are on their way: so that they can be cancelled, and waited for.
#ifndef PUMASI_COMMON_RPC_CALLS_IN_FLIGHT_H_
#define PUMASI_COMMON_RPC_CALLS_IN_FLIGHT_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

namespace pumasi {

// Thread-safe. Calls have deadlines, so waiting for them has an end.
class CallsInFlight {
 public:
  CallsInFlight() = default;
  // CancelAll, Wait.
  ~CallsInFlight();
  CallsInFlight(const CallsInFlight&) = delete;
  CallsInFlight& operator=(const CallsInFlight&) = delete;

  // Before the call, which is anything with a TryCancel, as grpc::ClientContext has one. `owner` tells whose it is.
  // False: everything was cancelled, do not call.
  template <typename Call>
  bool Begin(Call* call, const void* owner) {
    return Add(call, {owner, [call] { call->TryCancel(); }});
  }
  // After it, as the last thing that the call's callback does.
  void End(const void* call);

  void Cancel(const void* owner);
  // All calls in progress, and no new ones.
  void CancelAll();
  bool cancelled() const;
  // Until no call is in progress. Not to be called from a callback.
  void Wait();

 private:
  struct InFlight {
    const void* owner;
    std::function<void()> cancel;
  };
  bool Add(const void* call, InFlight in_flight);

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::map<const void*, InFlight> calls_;  // GUARDED_BY(mutex_)
  bool cancelled_ = false;                 // GUARDED_BY(mutex_)
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_RPC_CALLS_IN_FLIGHT_H_
