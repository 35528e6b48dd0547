#include "tools/plan/memory_needs.h"

#include <algorithm>
#include <cmath>

namespace pumasi {
namespace {

constexpr double kFloat = sizeof(float);
// Of daemons that hold next to nothing: peaks of pumasi-server and pumasi-worker with a small job (tools/bench/plan).
constexpr double kServer = 28e6, kWorker = 32e6;
// Of a stored row besides its floats (server/row_table.h): its entry, and 4 bytes in an index that is 7/16 to 7/8 full.
constexpr double kRowEntry = 24 + 4 * 1.6;
// Units whose messages a worker holds: two that pull, one that computes, two that push (worker/job/work_core.h).
constexpr double kUnitsAtWorker = 5;
// A message, and what is made of it or it is made of, at either side. Messages in shared memory count at both.
constexpr double kMessageCopies = 2;
// A worker's copies of the tensors besides those in messages: as pulled, packed for products, their gradients.
constexpr double kDenseCopies = 3;

struct Parts {
  double rows = 0;   // bytes of slots' rows
  double dense = 0;  // of slots' tensors
};

// What holders keep of rows and of tensors, all together and once: state, values from before the last batch, the
// gradient of the batch in progress.
Parts Stored(const JobShape& shape, const DistinctOf& distinct, double batch_ids) {
  const double state = 1 + shape.optimizer_slots;
  const double exist = distinct(shape.train_rows * shape.epochs);
  return {exist * (shape.width * state * kFloat + kRowEntry) + 2 * batch_ids * shape.width * kFloat,
          shape.dense_floats * (state + 2) * kFloat};
}

}  // namespace

MemoryNeeds MemoryOf(const JobShape& shape, const DistinctOf& distinct, double tokens, const Candidate& candidate) {
  const double n = candidate.workers, part_rows = static_cast<double>(shape.batch) / candidate.micro_batches;
  const double parts = std::ceil(candidate.micro_batches / n);
  const Traffic traffic = TrafficOf(shape, distinct, candidate, static_cast<uint32_t>(parts));
  Parts stored = Stored(shape, distinct, distinct(shape.batch));
  MemoryNeeds needs;
  needs.worker = kWorker + kDenseCopies * shape.dense_floats * kFloat +
                 part_rows * (tokens * shape.activations_a_token + shape.activations_a_row) * kFloat;
  const double units = std::max(1.0, traffic.units);
  // What stays in the process goes by messages, too.
  const double pulled = traffic.pulled + traffic.pulled_own, pushed = traffic.pushed + traffic.pushed_own;
  needs.worker += kUnitsAtWorker * kMessageCopies * std::max(pulled, pushed) / units;
  needs.worker += traffic.sent + traffic.received;
  const double holders = Holders(candidate), slots = shape.slots;
  const double share = Unevenness(holders, slots) / std::min(holders, slots);
  // Pushes of all workers that are there before a node's sibling is, and answers on their way.
  const double messages = kMessageCopies * n * (traffic.pulled + traffic.pushed) / units * share;
  switch (candidate.mode) {
    case PlanMode::kPs:
      needs.server = kServer + (stored.rows + stored.dense) * share * shape.replicas + messages;
      break;
    case PlanMode::kSharded:
      needs.worker += (stored.rows + stored.dense) * share * shape.replicas + messages;
      break;
    case PlanMode::kDense:
      // Every row exists, in every worker, and its gradient too.
      stored = Stored(
          shape, [&](double) { return shape.row_ids; }, shape.row_ids);
      needs.worker += stored.rows + stored.dense;
      break;
    case PlanMode::kReplicated:
    case PlanMode::kRing:
      needs.worker += stored.rows + stored.dense;
      break;
    case PlanMode::kHybrid:
      needs.server = kServer + stored.rows * share * shape.replicas + messages;
      needs.worker += stored.dense;
      break;
  }
  return needs;
}

}  // namespace pumasi
