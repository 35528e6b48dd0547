// What goes wrong when: drawn from a seed alone, whatever the cluster does meanwhile.
#ifndef PUMASI_TOOLS_CHAOS_FAULT_PLAN_H_
#define PUMASI_TOOLS_CHAOS_FAULT_PLAN_H_

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pumasi {

enum class FaultKind {
  kKill,  // SIGKILL; started again after `seconds`
  kStop,  // SIGSTOP; SIGCONT after `seconds`
  kSlow,  // stopped nine tenths of the time, for `seconds`
  // On hosts of a network of its own (HostNetwork), each for `seconds`:
  kPartition,  // no packet from or to the target
  kOneWay,     // none from it, or none to it
  kPartial,    // none between it and one other target
  kLoss,       // some of its packets, in both directions
  // On a disk of its own for the job's output (SmallDisk):
  kFull,  // full for `seconds`; it hits no daemon alone
};
constexpr FaultKind kAllFaults[] = {FaultKind::kKill,   FaultKind::kStop,    FaultKind::kSlow, FaultKind::kPartition,
                                    FaultKind::kOneWay, FaultKind::kPartial, FaultKind::kLoss, FaultKind::kFull};

// "kill", "stop", "slow", "partition", "oneway", "partial", "loss", "full".
std::string FaultName(FaultKind kind);
// Does it need a network of its own?
bool OnNetwork(FaultKind kind);
absl::StatusOr<FaultKind> FaultOfName(const std::string& name);

struct Fault {
  double at = 0;  // seconds since the start of the faults
  FaultKind kind = FaultKind::kKill;
  size_t target = 0;  // index of FaultPlan::Options::targets
  double seconds = 0;
  size_t peer = 0;        // kPartial: another index of targets; the same if there is no other
  bool outgoing = false;  // kOneWay: what it sends is lost, otherwise what it would get
  double loss = 0;        // kLoss: share of the packets
};

class FaultPlan {
 public:
  struct Options {
    uint64_t seed = 1;
    double every = 5;  // seconds between two faults, on average; each gap is half to one and a half times that
    std::vector<FaultKind> kinds;                          // at least one; equally often
    std::vector<std::string> targets;                      // names of daemons, at least one; equally often
    uint64_t most = std::numeric_limits<uint64_t>::max();  // so many faults that happen, and then none
  };
  explicit FaultPlan(Options options) : options_(std::move(options)), random_(options_.seed) {}

  // The next fault, later than the one before. Once `most` of them happened: one that never comes (at infinity).
  Fault Next();
  // The last fault happened: its target was there to be hit.
  void Happened() { ++happened_; }
  const Options& options() const { return options_; }

 private:
  // At least `least`, less than `most`.
  double Uniform(double least, double most);

  const Options options_;
  std::mt19937_64 random_;
  double at_ = 0;
  uint64_t happened_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_FAULT_PLAN_H_
