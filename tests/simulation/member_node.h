// A node that belongs to the cluster: registers, stays in touch, and is told what to do (as common/rpc/node_agent.h
// does it with a thread).
#ifndef PUMASI_TESTS_SIMULATION_MEMBER_NODE_H_
#define PUMASI_TESTS_SIMULATION_MEMBER_NODE_H_

#include <string>
#include <vector>

#include "proto/scheduler.pb.h"
#include "tests/simulation/network.h"

namespace pumasi::sim {

inline constexpr char kSchedulerName[] = "scheduler";

class MemberNode : public Node {
 public:
  MemberNode(World& world, Network& network, std::string name, size_t number, v1::Role role)
      : Node(world, std::move(name), number), network_(network), role_(role) {}

  uint64_t incarnation() const { return incarnation_; }
  // Says goodbye and ends.
  void Leave();

 protected:
  void Started() override;
  // Everything the node shall do, as often as it changes; nothing after the incarnation was declared dead.
  virtual void TakeAssignments(const std::vector<v1::Assignment>& assignments) = 0;
  // Registers anew under a fresh incarnation: this one was refused somewhere as dead.
  void Renew();

  Network& network_;

 private:
  void Register();
  void Heartbeat();
  void Again(bool registered);
  void Fresh();

  const v1::Role role_;
  uint64_t incarnation_ = 0;
  uint64_t seen_change_ = 0;
  uint32_t failures_ = 0;
  absl::Duration lease_ = absl::Seconds(3);
  bool renew_ = false;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_MEMBER_NODE_H_
