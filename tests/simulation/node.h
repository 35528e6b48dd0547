// A place where one process at a time lives: it starts, crashes, starts again, stands still and goes on.
#ifndef PUMASI_TESTS_SIMULATION_NODE_H_
#define PUMASI_TESTS_SIMULATION_NODE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/simulation/world.h"

namespace pumasi::sim {

enum class Method : uint8_t;

// The answer to a call: to be called once at most.
using Reply = std::function<void(const absl::Status& status, std::string bytes)>;

// A call as it arrives.
struct Incoming {
  Method method;
  std::string request;
  absl::Duration answer_by;  // by the node's own clock
  Reply reply;
};

class Node {
 public:
  Node(World& world, std::string name, size_t number)
      : world_(world), name_(std::move(name)), number_(number), random_(world.Stream(name_)) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;

  const std::string& name() const { return name_; }
  // Position among all nodes.
  size_t number() const { return number_; }
  bool up() const { return up_; }
  bool frozen() const { return frozen_; }
  // Counts the processes that lived here.
  uint64_t life() const { return life_; }

  void Start();
  // The process is gone, and with it all that it had in memory.
  void Kill();
  void Freeze() { frozen_ = true; }
  void Thaw();

  // The clock that never goes back, and drifts.
  absl::Duration Now() const { return absl::Nanoseconds(Local(world_.now())); }
  void SetDrift(double drift) { drift_ = drift; }
  // The time of day, which jumps.
  absl::Time WallNow() const { return absl::UnixEpoch() + Now() + wall_; }
  void JumpWall(absl::Duration step) { wall_ += step; }
  // When the clock shows `local`.
  Nanos WorldTime(absl::Duration local) const;

  virtual void Serve(Incoming call) = 0;
  // After each event of the node: what it did has consequences.
  virtual void AfterEvent() {}

 protected:
  virtual void Started() = 0;
  virtual void Killed() = 0;

  // `run` when the node's clock shows `local`.
  void At(absl::Duration local, std::function<void()> run) { world_.At(WorldTime(local), *this, std::move(run)); }
  void After(absl::Duration wait, std::function<void()> run) { At(Now() + wait, std::move(run)); }
  // An event of this node at `local`, so that AfterEvent looks at the clock, unless one comes before. To be asked for
  // again after each event.
  void WakeBy(absl::Duration local);
  Random& random() { return random_; }

  World& world_;

 private:
  int64_t Local(Nanos world) const {
    return start_ + world + static_cast<int64_t>(static_cast<double>(world) * drift_);
  }

  const std::string name_;
  const size_t number_;
  Random random_;
  bool up_ = false, frozen_ = false;
  uint64_t life_ = 0;
  // Each clock starts elsewhere.
  const int64_t start_ = static_cast<int64_t>(random_.Below(1000)) * kSecond + kSecond;
  absl::Duration wake_at_ = absl::InfiniteDuration();
  double drift_ = 0;
  absl::Duration wall_ = absl::ZeroDuration();
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_NODE_H_
