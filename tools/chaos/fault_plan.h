// What goes wrong when: drawn from a seed alone, whatever the cluster does meanwhile.
#ifndef PUMASI_TOOLS_CHAOS_FAULT_PLAN_H_
#define PUMASI_TOOLS_CHAOS_FAULT_PLAN_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pumasi {

enum class FaultKind {
  kKill,  // SIGKILL; started again after `seconds`
  kStop,  // SIGSTOP; SIGCONT after `seconds`
  kSlow,  // stopped nine tenths of the time, for `seconds`
};

// "kill", "stop", "slow".
std::string FaultName(FaultKind kind);
absl::StatusOr<FaultKind> FaultOfName(const std::string& name);

struct Fault {
  double at = 0;  // seconds since the start of the faults
  FaultKind kind = FaultKind::kKill;
  size_t target = 0;  // index of FaultPlan::Options::targets
  double seconds = 0;
};

class FaultPlan {
 public:
  struct Options {
    uint64_t seed = 1;
    double every = 5;  // seconds between two faults, on average; each gap is half to one and a half times that
    std::vector<FaultKind> kinds;      // at least one; equally often
    std::vector<std::string> targets;  // names of daemons, at least one; equally often
  };
  explicit FaultPlan(Options options) : options_(std::move(options)), random_(options_.seed) {}

  // The next fault, later than the one before. Without end.
  Fault Next();
  const Options& options() const { return options_; }

 private:
  // At least `least`, less than `most`.
  double Uniform(double least, double most);

  const Options options_;
  std::mt19937_64 random_;
  double at_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_FAULT_PLAN_H_
