// The slots that this worker holds: a server inside it, for other workers' calls and its own.
#ifndef PUMASI_MEMBER_OWN_SLOTS_H_
#define PUMASI_MEMBER_OWN_SLOTS_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "proto/scheduler.grpc.pb.h"
#include "server/slot_server.h"
#include "worker/exchange/direct_call.h"

namespace pumasi {

// Thread-safe. As a DirectServer it has two threads: a push that completes a batch takes long, and a pull need not wait
// for it.
class OwnSlots final : public DirectServer {
 public:
  OwnSlots(const SlotServer::Options& options, v1::Scheduler::StubInterface& scheduler);
  // REQUIRES: no call is under way that was not cancelled.
  ~OwnSlots() override;

  ParameterServerService& service() { return server_.service(); }
  // What the worker shall do from now on; those assignments count that want it to hold slots.
  void SetAssignments(uint64_t incarnation, const std::vector<v1::Assignment>& assignments);
  // As SlotServer's.
  void Shutdown() { server_.Shutdown(); }

  void Serve(std::shared_ptr<DirectCall> call) override;
  void Post(std::function<void()> work) override;

 private:
  static constexpr int kThreads = 2;

  void Run();

  SlotServer server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> work_;  // GUARDED_BY(mutex_); bounded by the units that the worker holds
  bool ending_ = false;                     // GUARDED_BY(mutex_)
  std::vector<std::thread> threads_;
};

}  // namespace pumasi

#endif  // PUMASI_MEMBER_OWN_SLOTS_H_
