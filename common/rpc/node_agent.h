// A node's side of membership: registers with the scheduler, renews the lease, and hands on what the scheduler wants
// the node to do. Servers and workers each have one. While the scheduler does not answer, whatever the node does goes
// on; it ends with the scheduler's word alone.
#ifndef PUMASI_COMMON_RPC_NODE_AGENT_H_
#define PUMASI_COMMON_RPC_NODE_AGENT_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proto/scheduler.grpc.pb.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace pumasi {

// Thread-safe.
class NodeAgent {
 public:
  struct Options {
    v1::Node node;                  // without incarnation
    std::string scheduler_address;  // for messages
    // The process should end when the scheduler was not reached for this long; zero: keep trying.
    std::chrono::milliseconds scheduler_timeout{0};
  };
  // Called from the agent's thread, one call at a time, each time with everything the node shall do from now on, and
  // with nothing after the scheduler declared this incarnation dead (the agent then registers with a fresh one).
  using OnAssignments = std::function<void(uint64_t incarnation, const std::vector<v1::Assignment>&)>;
  // Called at most once, when scheduler_timeout passed or registering was refused for good.
  using OnLost = std::function<void(const std::string& why)>;

  NodeAgent(std::shared_ptr<grpc::Channel> scheduler, Options options, OnAssignments on_assignments, OnLost on_lost);
  ~NodeAgent();

  void Start();
  // Tells the scheduler that the node leaves, waiting no longer than `deadline`, and ends the thread. Idempotent.
  void Stop(std::chrono::milliseconds deadline = std::chrono::milliseconds(500));

  uint64_t incarnation() const { return incarnation_; }
  // Registers anew under a fresh incarnation: the current one was refused somewhere as dead.
  void Renew();

 private:
  void Run();
  bool Register();
  bool Heartbeat();
  // Waits for `time` or until Stop; true if stopped.
  bool Pause(std::chrono::milliseconds time);
  void Lost(const std::string& why);
  // Makes the call cancellable by Stop.
  template <typename Call>
  auto Cancellable(std::chrono::milliseconds deadline, Call call);

  const std::shared_ptr<grpc::Channel> scheduler_;
  std::unique_ptr<v1::Scheduler::StubInterface> stub_;
  const Options options_;
  const OnAssignments on_assignments_;
  const OnLost on_lost_;
  std::atomic<uint64_t> incarnation_{0};
  std::atomic<bool> renew_{false};
  // Of the agent's thread.
  bool registered_ = false;
  uint64_t seen_change_ = 0;
  std::chrono::milliseconds lease_{3000};
  std::chrono::steady_clock::time_point last_contact_;
  std::mutex mutex_;
  std::condition_variable stopped_changed_;
  bool stopped_ = false;                    // GUARDED_BY(mutex_)
  grpc::ClientContext* current_ = nullptr;  // GUARDED_BY(mutex_): the call in flight
  std::thread thread_;
};

// A fresh random number, never zero.
uint64_t RandomIncarnation();

}  // namespace pumasi

#endif  // PUMASI_COMMON_RPC_NODE_AGENT_H_
