// The data ledger: which parts of which batches are to do, leased or done. Every part of every batch is in exactly one
// of the three states; what is done never becomes anything else. A pure state machine.
#ifndef PUMASI_SCHEDULER_LEDGER_H_
#define PUMASI_SCHEDULER_LEDGER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "common/layout/part_range.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// Batches [first, end) of `parts` parts each, done in order: batch b + 1 may be leased before b is done (its worker
// reads ahead and waits at the servers), at most `ahead` batches before. Not thread-safe.
class Ledger {
 public:
  struct Options {
    uint64_t first = 0;
    uint64_t end = 0;
    uint32_t parts = 1;
    uint32_t ahead = 1;
  };
  struct Unit {
    uint64_t token;
    uint64_t batch;
    PartRange parts;
  };
  struct BatchDone {
    uint64_t batch;
    std::vector<v1::PartResult> parts;  // by part
    std::vector<v1::Confusion> confusions;
  };

  explicit Ledger(const Options& options) : options_(options), first_open_(options.first) {}

  // Units for one of `workers` living workers, until it holds `most`. A worker's share of one batch is parts / workers
  // at a time, rounded up, so that one worker that asks early does not take what another could compute at the same
  // time; done parts do not count, so a fast worker gets more. Of the first open batch a worker gets its share also
  // beyond `most`: all wait for that batch, and the units of a dead worker must not wait until somebody has finished
  // later ones. `next_token` is raised by one for each unit.
  std::vector<Unit> Lease(uint64_t worker, uint32_t most, uint32_t workers, uint64_t* next_token);

  // The unit's result. STALE_LEASE if the lease is not the worker's (any more); the result is then dropped.
  absl::Status Done(uint64_t worker, const v1::UnitDone& done);

  // Back to to-do: everything the worker holds, or one lease of it.
  void WorkerGone(uint64_t worker);
  void Return(uint64_t worker, uint64_t token);
  // Back to to-do: leases of the worker that it does not know of.
  void KeepOnly(uint64_t worker, const std::set<uint64_t>& tokens);

  // Batches that became done, in order, each once.
  std::vector<BatchDone> TakeDone();

  bool complete() const { return first_open_ == options_.end; }
  uint64_t first_open() const { return first_open_; }
  // For each worker that holds a part of the first open batch, how many; 0 counts the parts nobody holds.
  std::map<uint64_t, uint32_t> Holding() const;
  size_t leases() const { return leased_.size(); }

 private:
  enum class State : uint8_t { kTodo, kLeased, kDone };
  struct Batch {
    std::vector<State> states;
    // By part: the last lease of it that ended undone, 0 if none did. Its worker may have pushed its gradient to some
    // servers, as one sum. A new unit lies inside one such lease or outside of all: then a server has applied all of it
    // or nothing.
    std::vector<uint64_t> undone;
    std::vector<v1::PartResult> results;
    std::vector<v1::Confusion> confusions;
    uint32_t done = 0;
  };
  struct Leased {
    uint64_t worker;
    uint64_t batch;
    PartRange parts;
  };
  Batch& At(uint64_t batch) { return open_[batch - first_open_]; }
  void Release(std::map<uint64_t, Leased>::iterator lease);

  const Options options_;
  uint64_t first_open_;
  std::deque<Batch> open_;             // batches from first_open_ on that were leased at least in part
  std::map<uint64_t, Leased> leased_;  // by token
  std::vector<BatchDone> finished_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_LEDGER_H_
