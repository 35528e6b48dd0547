#include "scheduler/bottleneck.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/stage_times.h"
#include "common/waits.h"

namespace pumasi {
namespace {

using B = v1::Bottleneck;

// Of what others wait for, so much for one worker: it stands out.
constexpr double kMostBlame = 2.0 / 3;

using Seconds = std::array<double, v1::Bottleneck::Kind_ARRAYSIZE>;  // by kind

struct Worker {
  std::string name;
  v1::Waits waits;  // sane
  Seconds own{};    // all but waits.batch
  double batch = 0;
  double total = 0;
  std::map<std::string, double> waited_for;  // adds up to `batch` at most
};

Worker WorkerOf(const v1::NodeUse& node) {
  Worker worker;
  worker.name = node.node();
  AddWaits(node.time().waits(), &worker.waits);
  const v1::Waits& waits = worker.waits;
  worker.own[B::COMPUTE] = SaneSeconds(node.time().busy());
  worker.own[B::SCHEDULER] = waits.lease();
  worker.own[B::INPUT] = waits.read();
  worker.own[B::NETWORK] = waits.pull() + waits.push();
  worker.own[B::SERVER] = waits.apply() + waits.serve();
  worker.batch = waits.batch();
  worker.total = worker.batch;
  for (const double seconds : worker.own) worker.total += seconds;
  double named = 0;
  for (const auto& other : node.time().waited_for()) named += SaneSeconds(other.seconds());
  const double scale = named > worker.batch ? worker.batch / named : 1;
  for (const auto& other : node.time().waited_for()) {
    if (!other.name().empty()) worker.waited_for[other.name()] += scale * SaneSeconds(other.seconds());
  }
  return worker;
}

Seconds SharesOf(const Seconds& seconds) {
  double sum = 0;
  for (const double some : seconds) sum += some;
  Seconds shares{};
  for (size_t kind = 0; kind < shares.size(); ++kind) shares[kind] = sum > 0 ? seconds[kind] / sum : 0;
  return shares;
}

std::string Percent(double share) { return absl::StrFormat("%.0f %%", 100 * share); }

class Finder {
 public:
  explicit Finder(const google::protobuf::RepeatedPtrField<v1::NodeUse>& nodes) {
    for (const v1::NodeUse& node : nodes) {
      if (node.role() == v1::ROLE_WORKER) workers_.push_back(WorkerOf(node));
      if (node.role() != v1::ROLE_SERVER) continue;
      const double seconds = SaneSeconds(node.time().seconds());
      const double busy = seconds > 0 ? std::min(SaneSeconds(node.time().busy()) / seconds, 1.0) : 0;
      if (busy > server_busy_) server_busy_ = busy, server_ = node.node();
    }
    for (const Worker& worker : workers_) {
      total_ += worker.total;
      for (size_t kind = 0; kind < all_.size(); ++kind) all_[kind] += worker.own[kind];
    }
    Resolve();
  }

  B Find() const {
    B found;
    if (total_ <= 0) return found;
    int kind = B::COMPUTE;
    if (shares_[B::COMPUTE] < kBusy) {
      for (const int other : {B::NETWORK, B::SERVER, B::INPUT, B::SCHEDULER}) {
        if (shares_[other] >= kNotable && (kind == B::COMPUTE || shares_[other] > shares_[kind])) kind = other;
      }
    }
    found.set_share(std::min(shares_[kind], 1.0));
    if (kind == B::NETWORK && server_busy_ >= kServerBusy) kind = B::SERVER;
    found.set_kind(static_cast<B::Kind>(kind));
    const Worker* slowest = kind == B::SCHEDULER ? Idlest() : Slowest();
    if (slowest != nullptr) found.set_node(slowest->name);
    if (kind == B::SERVER && server_busy_ >= kServerBusy) found.set_node(server_);
    found.set_sentence(Sentence(kind, slowest));
    return found;
  }

 private:
  // Hands waits for other workers on to what these spend their time with.
  void Resolve() {
    std::map<std::string, Seconds> of;
    for (const Worker& worker : workers_) of[worker.name] = SharesOf(worker.own);
    const Seconds mean = SharesOf(all_);
    Seconds seconds = all_;
    for (const Worker& worker : workers_) {
      double rest = worker.batch;
      for (const auto& [name, waited] : worker.waited_for) {
        const auto other = of.find(name);
        if (other == of.end()) continue;
        rest -= waited;
        blame_[name] += waited;
        for (size_t kind = 0; kind < seconds.size(); ++kind) seconds[kind] += waited * other->second[kind];
      }
      for (size_t kind = 0; kind < seconds.size(); ++kind) seconds[kind] += std::max(rest, 0.0) * mean[kind];
    }
    shares_ = SharesOf(seconds);
  }

  // nullptr: none stands out.
  const Worker* Slowest() const {
    if (workers_.size() < 2) return nullptr;
    double all = 0;
    for (const auto& [name, seconds] : blame_) all += seconds;
    for (const Worker& worker : workers_) {
      const auto blame = blame_.find(worker.name);
      if (blame == blame_.end() || blame->second < kMostBlame * all) continue;
      const double others = total_ - worker.total;
      return others > 0 && blame->second >= kNotable * others ? &worker : nullptr;
    }
    return nullptr;
  }

  // Likewise, who of several waits for units.
  const Worker* Idlest() const {
    if (workers_.size() < 2) return nullptr;
    const auto idlest = std::max_element(workers_.begin(), workers_.end(), [](const Worker& a, const Worker& b) {
      return a.waits.lease() < b.waits.lease();
    });
    return idlest->waits.lease() >= kMostBlame * all_[B::SCHEDULER] ? &*idlest : nullptr;
  }

  // Of all workers' time.
  double Share(double (v1::Waits::*wait)() const) const {
    double seconds = 0;
    for (const Worker& worker : workers_) seconds += (worker.waits.*wait)();
    return seconds / total_;
  }

  std::string Sentence(int kind, const Worker* slowest) const {
    using W = v1::Waits;
    if (slowest != nullptr && kind != B::SCHEDULER) {
      const Seconds own = SharesOf(slowest->own);
      const std::string others = absl::StrCat(slowest->name, " is slower than the others, which wait ",
                                              Percent(blame_.at(slowest->name) / (total_ - slowest->total)),
                                              " of their time for it; of its own time ");
      if (kind == B::COMPUTE) return absl::StrCat("compute: ", others, "it computes ", Percent(own[kind]));
      if (kind == B::NETWORK) return absl::StrCat("network: ", others, Percent(own[kind]), " are pulls and pushes");
      if (kind == B::INPUT) return absl::StrCat("input: ", others, Percent(own[kind]), " are waits for its rows");
    }
    switch (kind) {
      case B::COMPUTE: {
        const double batch = Share(&W::batch);
        return absl::StrCat(
            "compute: workers compute ", Percent(all_[B::COMPUTE] / total_), " of the time",
            batch >= kNotable ? absl::StrCat(" and wait ", Percent(batch), " for one another's parts of a batch") : "");
      }
      case B::NETWORK:
        return absl::StrCat("network: workers wait ", Percent(all_[kind] / total_),
                            " of the time for values and gradients on their way (pull ", Percent(Share(&W::pull)),
                            ", push ", Percent(Share(&W::push)), ")");
      case B::SERVER: {
        std::vector<std::string> parts;
        if (server_busy_ >= kServerBusy) parts.push_back(absl::StrCat(server_, " is busy ", Percent(server_busy_)));
        parts.push_back(absl::StrCat("workers wait ", Percent(Share(&W::apply)),
                                     " of the time for batches to be applied, ", Percent(Share(&W::serve)),
                                     " for their turn and ", Percent(Share(&W::pull) + Share(&W::push)),
                                     " for values and gradients on their way"));
        return absl::StrCat("server: ", absl::StrJoin(parts, "; "));
      }
      case B::INPUT:
        return absl::StrCat("input: workers wait ", Percent(all_[kind] / total_), " of the time for rows to be read");
      default:
        if (slowest != nullptr) {
          return absl::StrCat("scheduler: ", slowest->name, " waits ", Percent(slowest->waits.lease() / slowest->total),
                              " of its time for units: others are faster than it, or a batch has too few parts "
                              "(micro_batches) for so many workers");
        }
        return absl::StrCat("scheduler: workers wait ", Percent(all_[kind] / total_),
                            " of the time for units: they are leased too late, or a batch has too few parts "
                            "(micro_batches) for so many workers");
    }
  }

  std::vector<Worker> workers_;
  double total_ = 0;
  Seconds all_{};                        // of all workers' own
  Seconds shares_{};                     // likewise, waits for one another resolved
  std::map<std::string, double> blame_;  // seconds that others waited for this worker
  double server_busy_ = 0;               // of the busiest one
  std::string server_;
};

}  // namespace

v1::Bottleneck FindBottleneck(const google::protobuf::RepeatedPtrField<v1::NodeUse>& nodes) {
  return Finder(nodes).Find();
}

}  // namespace pumasi
