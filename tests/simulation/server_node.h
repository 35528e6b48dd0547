// A server process around the core that pumasi-server runs, Hosting; the part of a worker that holds slots is one, too.
#ifndef PUMASI_TESTS_SIMULATION_SERVER_NODE_H_
#define PUMASI_TESTS_SIMULATION_SERVER_NODE_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/hosting.h"
#include "server/log_writer.h"
#include "tests/simulation/member_node.h"
#include "tests/simulation/parking.h"
#include "tests/simulation/watch.h"

namespace pumasi::sim {

class ServerNode : public MemberNode {
 public:
  ServerNode(const Surroundings& around, std::string name, size_t number)
      : ServerNode(around, std::move(name), number, v1::ROLE_SERVER) {}

  // nullptr: it has no job.
  const Hosting* hosting() const { return hosting_.get(); }
  size_t waiting_calls() const { return parked_.size(); }
  // The copies of its job's slots changed since this was asked last.
  bool TakeChanged();

  void Serve(Incoming call) override;
  void AfterEvent() override;

 protected:
  ServerNode(const Surroundings& around, std::string name, size_t number, v1::Role role)
      : MemberNode(around.world, around.network, std::move(name), number, role), around_(around) {}
  void Killed() override {
    DropJob();
    parked_.Clear();
  }
  void TakeAssignments(const std::vector<v1::Assignment>& assignments) override;

  const Surroundings around_;

 private:
  void DropJob();
  template <typename Request, typename Response>
  void ServeSlots(const Incoming& call);
  absl::Status Call(const v1::PullRequest& request, v1::PullResponse* response);
  absl::Status Call(const v1::PushRequest& request, v1::PushResponse* response);
  void DoEffects();
  void Make(ShardWish wish);
  void Fetch(const FetchWish& wish);
  void Tell(const TellWish& wish);
  template <typename Response, typename Request>
  void TellScheduler(Method method, uint64_t ticket, const Request& request);
  // One more turn of the snapshot that is being written.
  void Write();
  // The next records of the log.
  void WriteLog();
  void Logged(const absl::Status& status);

  std::unique_ptr<Hosting> hosting_;
  uint64_t job_serial_ = 0;  // counts the Hostings that were here
  Parking parked_;
  uint64_t seen_changed_ = 0;
  bool pushed_ = false;
  std::deque<std::shared_ptr<Snapshot>> snapshots_;
  bool writing_ = false;
  std::deque<LogWish> logs_;
  std::optional<LogWriter> log_writer_;  // of hosting_
  bool logging_ = false;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_SERVER_NODE_H_
