#include "tools/plan/prediction.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pumasi {
namespace {

// Of what a holder's byte costs on the average: to put together what is pulled, with rows caught up and checksums, and
// to take in and add what is pushed. In profiles 0.59 to 0.61 and 0.25 to 0.33 ns (docs/plan.md, "The defaults").
constexpr double kServed = 4.0 / 3, kTaken = 2.0 / 3;

// Standard deviation of the time that a worker's share takes from batch to batch, as a part of it, with rows of the
// same length: two workers waited 1.1 ms of 48 for each other (docs/plan.md, "The defaults").
constexpr double kHeldUp = 0.04;

// Of a ring's hop: what a small message takes over raw TCP. No measurement of ours: rings do not exist here yet.
constexpr double kHop = 30e-6;

using Causes = std::array<double, kCauses>;

double& Of(Causes& causes, Cause cause) { return causes[static_cast<size_t>(cause)]; }

double Sum(const Causes& causes) {
  double sum = 0;
  for (const double seconds : causes) sum += seconds;
  return sum;
}

// Of `count` standard normal numbers the largest, on average (Blom, "Statistical Estimates and Transformed
// Beta-Variables", 1958).
double LargestOf(double count) {
  if (count < 2) return 0;
  const double share = (count - 0.375) / (count + 0.25);
  double low = 0, high = 10;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
  }
  return low;
}

// How many times as long as alone something takes that `busy` of `cores` cores do at once, where it is `all` times on
// all.
double Crowded(double all, double busy, double cores) {
  return cores <= 1 ? 1 : 1 + (all - 1) * std::clamp((busy - 1) / (cores - 1), 0.0, 1.0);
}

// What one phase, or a part of it, comes to on the worst machine.
struct Load {
  Causes chain{};
  double processor = 0;  // seconds, on all cores of the busiest machine
};

class Step {
 public:
  Step(const PlanInput& input, const DistinctOf& distinct, const Candidate& candidate)
      : input_(input), candidate_(candidate), with_servers_(InfoOf(candidate.mode).servers) {
    spots_ = Place(input.groups, candidate.workers, with_servers_ ? candidate.servers : 0, input.worker_cores);
    workers_ = candidate.workers;
    holders_ = Holders(candidate);
    active_ = std::min(holders_, static_cast<double>(input.shape.slots));
    called_ = Called(candidate, input.shape.slots);
    uneven_ = Unevenness(holders_, input.shape.slots);
    applied_ = AppliedFloats(input.shape, distinct, candidate);
    applied_by_worker_ = AppliedByWorker(input.shape, distinct, candidate);
    if (!placed()) return;
    GiveParts();
    for (size_t i = 0; i < spots_.size(); ++i) {
      const Traffic traffic = TrafficOf(input.shape, distinct, candidate, parts_[i]);
      traffic_.push_back(traffic);
      const double units = spots_[i].workers == 0 ? 0 : traffic.units;
      most_units_ = std::max(most_units_, units);
      all_units_ += spots_[i].machines * spots_[i].workers * units;
    }
    all_units_ = std::max(1.0, std::min<double>(all_units_, candidate.micro_batches));
  }

  bool placed() const { return !spots_.empty(); }

  void Run(Prediction* out) {
    out_ = out;
    const Load pull = Exchange(false), push = Exchange(true);
    AddPhase("pull", pull);
    AddPhase("compute", Compute(pull, push));
    AddPhase("push", push);
    if (candidate_.mode != PlanMode::kPs && candidate_.mode != PlanMode::kSharded) AddPhase("reduce", Reduce());
    AddPhase("apply", Apply());
    out->step_s = Sum(out->causes);
    const double scheduler = all_units_ * input_.costs.unit.value;
    if (scheduler > out->step_s) {
      out->causes = {};
      Of(out->causes, Cause::kScheduler) = scheduler;
      out->phases.push_back({"scheduler", scheduler - out->step_s});
      out->step_s = scheduler;
    }
    out->rows_per_s = input_.shape.batch / out->step_s;
    for (size_t i = 0; i < spots_.size(); ++i) {
      if (spots_[i].workers == 0) continue;
      const Traffic& t = traffic_[i];
      const double moved = t.pulled + t.pushed, met = t.sent + t.received;
      out->worker_bytes = std::max(out->worker_bytes, moved + met);
      out->link_bytes = std::max(out->link_bytes, moved * (1 - Local(spots_[i])) + met * (1 - Beside(spots_[i])));
    }
  }

  // Whether every machine's memory is enough.
  std::string MemoryProblem(const MemoryNeeds& needs) const {
    for (const Spot& spot : spots_) {
      const double bytes = spot.workers * needs.worker + spot.servers * needs.server;
      if (bytes <= spot.group->memory) continue;
      return absl::StrFormat("memory: %.1f GiB on a machine that has %.1f", bytes / (1 << 30),
                             spot.group->memory / (1 << 30));
    }
    return "";
  }

 private:
  // Parts of a batch that each worker of a spot takes, so that the slowest one is done as early as can be
  // (scheduler/worker_speeds.h deals likewise): the least time in which all of them together do all parts.
  void GiveParts() {
    const auto parts_in = [](double time, const Spot& spot) { return std::floor(time * spot.group->speed + 1e-9); };
    const auto all_in = [&](double time) {
      double parts = 0;
      for (const Spot& spot : spots_) parts += spot.machines * spot.workers * parts_in(time, spot);
      return parts;
    };
    double low = 0, high = 1;
    while (all_in(high) < candidate_.micro_batches) high *= 2;
    for (int i = 0; i < 50; ++i) {
      const double middle = (low + high) / 2;
      (all_in(middle) < candidate_.micro_batches ? low : high) = middle;
    }
    for (const Spot& spot : spots_)
      parts_.push_back(spot.workers == 0 ? 0 : static_cast<uint32_t>(parts_in(high, spot)));
    // The last ones to be dealt do not come out even.
    given_ = all_in(high) / candidate_.micro_batches;
  }

  double HoldersAt(const Spot& spot) const { return with_servers_ ? spot.servers : spot.workers; }
  // Share of a worker's exchange with holders that stays on its machine; of a holder's with workers; of a worker's with
  // other workers.
  double Local(const Spot& spot) const { return with_servers_ ? HoldersAt(spot) / holders_ : Beside(spot); }
  double LocalWorkers(const Spot& spot) const { return with_servers_ ? spot.workers / workers_ : Beside(spot); }
  double Beside(const Spot& spot) const { return workers_ < 2 ? 1 : (spot.workers - 1.0) / (workers_ - 1); }

  // Of one unit of a worker of a spot.
  double AUnit(size_t spot, double Traffic::*bytes) const {
    const Traffic& traffic = traffic_[spot];
    return traffic.units > 0 ? traffic.*bytes / traffic.units : 0;
  }

  static double Mixed(double local, const Figure& here, const Figure& there) {
    return local * here.value + (1 - local) * there.value;
  }

  // All workers pull, or push, one unit at the same time. A worker takes in what it pulled from several holders at
  // once, and puts together what it pushes one after the other (worker/exchange/ps_exchange.h).
  Load Exchange(bool pushes) const {
    const Costs& costs = input_.costs;
    const auto bytes = pushes ? &Traffic::pushed : &Traffic::pulled;
    const auto own = pushes ? &Traffic::pushed_own : &Traffic::pulled_own;
    const double share = pushes ? kTaken : kServed;
    double all = 0;
    for (size_t i = 0; i < spots_.size(); ++i) all += spots_[i].machines * spots_[i].workers * AUnit(i, bytes);
    const double served = all / given_ / active_ * uneven_, callers = with_servers_ ? workers_ : workers_ - 1;
    Load load;
    if (called_ > 0) Of(load.chain, Cause::kCalls) = costs.call.value;
    double& link = Of(load.chain, Cause::kLink);
    double& worker = Of(load.chain, Cause::kWorkerExchange);
    double& server = Of(load.chain, Cause::kServerExchange);
    for (size_t i = 0; i < spots_.size(); ++i) {
      const Spot& spot = spots_[i];
      const MachineGroup& group = *spot.group;
      const double here = HoldersAt(spot), mine = AUnit(i, bytes);
      double processor = 0;
      if (spot.workers > 0) {
        const double calls = called_ * costs.call_cpu.value, kept = AUnit(i, own) * costs.own_byte.value;
        const double taken = mine * Mixed(Local(spot), costs.local_worker_byte, costs.worker_byte);
        const double at_once = pushes ? 1 : std::max(1.0, std::min(called_, group.cores));
        worker = std::max(worker, (calls + taken / at_once + kept) / group.speed);
        processor += spot.workers * (calls + taken + kept);
      }
      if (here > 0 && called_ > 0) {
        const double byte = share * Mixed(LocalWorkers(spot), costs.local_server_byte, costs.server_byte);
        const double seconds = callers * costs.call_cpu.value + served * byte;
        server = std::max(server, seconds / std::min(callers, group.cores) / group.speed);
        processor += here * seconds;
      }
      load.processor = std::max(load.processor, processor / group.cores / group.speed);
      if (group.link <= 0) continue;
      // One way is the workers' bytes, the other one the holders'; each way has the link for itself.
      const double way = std::max(spot.workers * mine * (1 - Local(spot)), here * served * (1 - LocalWorkers(spot)));
      link = std::max(link, way / group.link);
    }
    return load;
  }

  // With the exchange of all units but one beside it.
  Load Compute(const Load& pull, const Load& push) const {
    const double hidden = std::max(0.0, most_units_ - 1);
    const double part_rows = static_cast<double>(input_.shape.batch) / candidate_.micro_batches;
    Load load;
    double longest = 0;
    for (size_t i = 0; i < spots_.size(); ++i) {
      const Spot& spot = spots_[i];
      if (spot.workers == 0) continue;
      const double each = std::min(input_.worker_cores, spot.group->cores);
      const double crowded = Crowded(input_.costs.busy_compute.value, spot.workers * each, spot.group->cores);
      const double seconds = parts_[i] * input_.compute.Seconds(part_rows) * crowded / spot.group->speed;
      const double shared = spot.workers * seconds * each / spot.group->cores;
      // All wait for the worker whose rows happen to be the longest, or that was held up.
      const double tokens = input_.ids->tokens(), rows = parts_[i] * part_rows;
      const double spread = tokens > 0 ? input_.ids->tokens_deviation() / tokens / std::sqrt(rows) : 0;
      const double wait = std::max(seconds, shared) * std::hypot(spread, kHeldUp) * LargestOf(workers_);
      load.processor = std::max(load.processor, shared + wait);
      if (seconds <= longest) continue;
      longest = seconds;
      Of(load.chain, Cause::kUneven) = wait;
      Of(load.chain, Cause::kCompute) = seconds;
    }
    load.processor += hidden * (pull.processor + push.processor);
    // The scheduler has cores of its own where there are several machines.
    const Spot& first = spots_.front();
    if (spots_.size() == 1 && first.machines == 1) {
      load.processor += all_units_ * input_.costs.unit.value / first.group->cores / first.group->speed;
    }
    const double beside = hidden * (Sum(pull.chain) + Sum(push.chain));
    if (beside <= Sum(load.chain)) return load;
    // The exchange cannot hide: it is the chain.
    for (size_t i = 0; i < kCauses; ++i) load.chain[i] = hidden * (pull.chain[i] + push.chain[i]);
    return load;
  }

  Load Reduce() const {
    const Costs& costs = input_.costs;
    Load load;
    if (workers_ < 2) return load;
    const double rounds = candidate_.mode == PlanMode::kRing || candidate_.mode == PlanMode::kDense
                              ? 2 * (workers_ - 1) * kHop
                              : 2 * costs.call.value;
    Of(load.chain, Cause::kCalls) = rounds;
    for (size_t i = 0; i < spots_.size(); ++i) {
      const Spot& spot = spots_[i];
      if (spot.workers == 0) continue;
      const MachineGroup& group = *spot.group;
      const Traffic& t = traffic_[i];
      const double beside = Beside(spot);
      // Calls to holders are counted in Exchange.
      const double calls = candidate_.mode == PlanMode::kHybrid ? 2 * (workers_ - 1) * t.units : t.calls;
      const double seconds = 2 * calls * costs.call_cpu.value +
                             t.sent * Mixed(beside, costs.local_worker_byte, costs.worker_byte) +
                             kTaken * t.received * Mixed(beside, costs.local_server_byte, costs.server_byte);
      double& worker = Of(load.chain, Cause::kWorkerExchange);
      worker = std::max(worker, seconds / group.speed);
      load.processor = std::max(load.processor, spot.workers * seconds / group.cores / group.speed);
      double& link = Of(load.chain, Cause::kLink);
      if (group.link > 0) link = std::max(link, spot.workers * t.sent * (1 - beside) / group.link);
    }
    return load;
  }

  Load Apply() const {
    const double second = input_.costs.apply_float.value;
    Load load;
    for (const Spot& spot : spots_) {
      const double here = HoldersAt(spot), speed = spot.group->speed;
      double longest = 0;
      if (here > 0) longest = applied_ * second / speed;
      if (spot.workers > 0) longest = std::max(longest, applied_by_worker_ * second / speed);
      double& optimizer = Of(load.chain, Cause::kOptimizer);
      optimizer = std::max(optimizer, longest);
      const double all = (here * applied_ + spot.workers * applied_by_worker_) * second / speed;
      load.processor = std::max(load.processor, all / spot.group->cores);
    }
    // The servers tell the scheduler their sums, and get the norm.
    if (input_.shape.norm_clip) Of(load.chain, Cause::kCalls) += 2 * input_.costs.call.value;
    return load;
  }

  void AddPhase(const char* name, const Load& load) {
    // While messages wake whom they are for, all wait, so no other process has use for the cores.
    const double chain = Sum(load.chain),
                 seconds = std::max(chain, load.processor + load.chain[static_cast<size_t>(Cause::kCalls)]);
    for (size_t i = 0; i < kCauses; ++i) out_->causes[i] += load.chain[i];
    Of(out_->causes, Cause::kCores) += seconds - chain;
    out_->phases.push_back({name, seconds});
  }

  const PlanInput& input_;
  const Candidate& candidate_;
  const bool with_servers_;
  std::vector<Spot> spots_;
  std::vector<uint32_t> parts_;   // by spot: of one worker
  std::vector<Traffic> traffic_;  // likewise
  double workers_ = 0, holders_ = 0, active_ = 0, called_ = 0, uneven_ = 1, applied_ = 0, applied_by_worker_ = 0;
  double most_units_ = 0, all_units_ = 0;
  double given_ = 1;  // parts, as a multiple of those that there are
  Prediction* out_ = nullptr;
};

}  // namespace

const char* CauseName(Cause cause) {
  static constexpr const char* kNames[kCauses] = {"compute", "worker exchange", "server exchange", "optimizer", "link",
                                                  "calls",   "cores",           "uneven rows",     "scheduler"};
  return kNames[static_cast<size_t>(cause)];
}

Cause Prediction::bottleneck() const {
  return static_cast<Cause>(std::max_element(causes.begin(), causes.end()) - causes.begin());
}

Prediction Predict(const PlanInput& input, const DistinctOf& distinct, const Candidate& candidate) {
  Prediction prediction;
  prediction.candidate = candidate;
  prediction.memory = MemoryOf(input.shape, distinct, input.ids->tokens(), candidate);
  Step step(input, distinct, candidate);
  if (!step.placed()) {
    prediction.problem = "no machine for workers, or for servers";
    return prediction;
  }
  step.Run(&prediction);
  prediction.problem = step.MemoryProblem(prediction.memory);
  if (Holders(candidate) < input.shape.replicas) {
    prediction.problem = absl::StrCat("replicas: ", input.shape.replicas, " need as many holders of slots");
  }
  return prediction;
}

}  // namespace pumasi
