// Calls between nodes: a request travels, the node answers or keeps the call waiting, the answer travels back. On a bad
// day a request or an answer is lost, late, or comes twice; links are cut one way; a broken connection is noticed, or
// it is not and the caller waits for its deadline.
#ifndef PUMASI_TESTS_SIMULATION_NETWORK_H_
#define PUMASI_TESTS_SIMULATION_NETWORK_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/simulation/node.h"

namespace pumasi::sim {

enum class Method : uint8_t {
  kRegister,
  kHeartbeat,
  kLeave,
  kReportPrepared,
  kUploadAssets,
  kReportReady,
  kReportFilled,
  kReportShardSaved,
  kCombineNorms,
  kReportFailure,
  kLeaseUnits,
  kSubmit,
  kGetJob,
  kDrain,
  kResume,
  kCancel,
  kAudit,
  kPull,
  kPush,
  kFetchSlot,
};
const char* MethodName(Method method);

class Network {
 public:
  struct Weather {
    double loss = 0;       // of a message
    double duplicate = 0;  // of a request: it arrives twice
    double late = 0;       // a message takes up to `longest`
    Nanos longest = 5 * kSecond;
    double unnoticed = 0;  // of a broken connection
  };
  Network(World& world) : world_(world), random_(world.Stream("network")) {}

  void Add(Node& node) { nodes_.push_back(&node); }
  Node* Find(const std::string& name) const;

  void SetWeather(const Weather& weather) { weather_ = weather; }
  // Messages from one node to another are lost, or no more.
  void Cut(size_t from, size_t to, bool cut);
  void MendAll() { cut_.clear(); }
  bool IsCut(size_t from, size_t to) const { return !cut_.empty() && cut_.count({from, to}) > 0; }

  using Done = std::function<void(const absl::Status& status, const std::string& bytes)>;
  // A call to the process at node `to`; `done` runs once, in the caller's process unless that is gone. UNAVAILABLE: the
  // connection broke. DEADLINE_EXCEEDED: no answer after `timeout` by the caller's clock.
  void Call(Node& from, const std::string& to, Method method, std::string request, absl::Duration timeout, Done done);
  // The process at `node` was killed: those who wait for it notice, or do not. `on_broken` is told of callers whose
  // calls to somebody broke: (caller, callee).
  void Broke(Node& node);
  // Told at the callee when the connection of a caller that waits there breaks.
  std::function<void(Node& callee, const std::string& caller, uint64_t caller_life)> on_disconnected;

  uint64_t calls() const { return calls_; }
  uint64_t bytes() const { return bytes_; }

 private:
  struct Flight {
    Node* from = nullptr;
    Node* to = nullptr;
    uint64_t from_life = 0, to_life = 0;
    bool over = false;
    Done done;
  };
  Nanos Delay();
  // When a message of this kind arrives; a negative number: never.
  Nanos Arrival(const Node& from, const Node& to);
  void Deliver(const std::shared_ptr<Flight>& flight, Method method, const std::string& request, Nanos answer_by);
  void Finish(const std::shared_ptr<Flight>& flight, const absl::Status& status, const std::string& bytes);
  void FailSoon(const std::shared_ptr<Flight>& flight);

  World& world_;
  Random random_;
  std::vector<Node*> nodes_;
  Weather weather_;
  std::map<std::pair<size_t, size_t>, bool> cut_;
  std::vector<std::weak_ptr<Flight>> flights_;
  size_t sweep_at_ = 256;
  uint64_t calls_ = 0, bytes_ = 0;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_NETWORK_H_
