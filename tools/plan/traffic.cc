#include "tools/plan/traffic.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pumasi {
namespace {

// A message's head, and a chunk's (proto/parameter_server.proto): job, epoch, incarnation, version; table, chunk,
// length, checksum.
constexpr double kCallBytes = 150, kChunkBytes = 16;
constexpr double kStatusByte = 1;

// Of an id in a list of distances: a varint (proto/parameter_server.proto, RowKeys).
double KeyBytes(const JobShape& shape, double ids) {
  const double distance = shape.row_ids / std::max(1.0, ids);
  return distance < 64 ? 1 : distance < 8192 ? 2 : 3;
}

// Rows of a gradient, with their ids.
double RowsMessage(const JobShape& shape, double ids) { return ids * (shape.row_bytes + KeyBytes(shape, ids)); }

double DensePushed(const JobShape& shape) { return shape.dense_pushed + shape.dense_chunks * kChunkBytes; }

// Whether each worker has a copy of everything.
bool HoldsAll(PlanMode mode) {
  return mode == PlanMode::kReplicated || mode == PlanMode::kRing || mode == PlanMode::kDense;
}

double FloatsOf(const JobShape& shape, double ids) { return ids * shape.width + shape.dense_floats; }

}  // namespace

double Holders(const Candidate& candidate) {
  return InfoOf(candidate.mode).servers ? candidate.servers : candidate.workers;
}

double Called(const Candidate& candidate, double slots) {
  switch (candidate.mode) {
    case PlanMode::kPs:
    case PlanMode::kHybrid:
      return std::min<double>(candidate.servers, slots);
    case PlanMode::kSharded:
      return candidate.workers > slots ? slots : candidate.workers - 1;
    case PlanMode::kReplicated:
    case PlanMode::kRing:
    case PlanMode::kDense:
      return 0;
  }
  return 0;
}

double Unevenness(double holders, double slots) {
  return std::ceil(slots / holders) * std::min(holders, slots) / slots;
}

Traffic TrafficOf(const JobShape& shape, const DistinctOf& distinct, const Candidate& candidate, uint32_t parts) {
  const double part_rows = static_cast<double>(shape.batch) / candidate.micro_batches;
  const double grain = std::bit_floor(parts), n = candidate.workers, others = n - 1;
  const double called = Called(candidate, shape.slots);
  Traffic traffic;
  if (parts == 0) return traffic;
  traffic.units = std::ceil(parts / grain);
  traffic.unit_rows = grain * part_rows;
  // The last unit of a share that is no power of two is smaller; each carries all tensors.
  double ids = distinct(traffic.unit_rows);
  if (traffic.units > 1) ids = (ids + distinct((parts - grain) * part_rows)) / 2;
  const double pull = ids * (KeyBytes(shape, ids) + kStatusByte + shape.row_bytes);
  const double dense_pull = shape.dense_pulled + shape.dense_chunks * kChunkBytes;
  const double rows = RowsMessage(shape, ids), dense = DensePushed(shape);
  const double copies = shape.replicas, calls = called * kCallBytes;
  switch (candidate.mode) {
    case PlanMode::kPs:
      traffic.pulled = traffic.units * (pull + dense_pull + calls);
      traffic.pushed = traffic.units * (rows + dense + calls) * copies;
      traffic.calls = traffic.units * called * 2;
      break;
    case PlanMode::kSharded: {
      // More workers than slots: some hold none.
      const double own = n > shape.slots ? 0 : 1 / n;
      traffic.pulled = traffic.units * ((pull + dense_pull) * (1 - own) + calls);
      traffic.pushed = traffic.units * ((rows + dense) * (1 - own) + calls) * copies;
      traffic.pulled_own = traffic.units * (pull + dense_pull) * own;
      traffic.pushed_own = traffic.units * (rows + dense) * own * copies;
      traffic.calls = traffic.units * called * 2;
      break;
    }
    case PlanMode::kReplicated:
      // Pushes, and pulls without values that wait until the others have applied the batch before.
      traffic.sent = traffic.units * others * (rows + dense + kCallBytes);
      traffic.received = traffic.sent;
      traffic.calls = traffic.units * others * 2;
      break;
    case PlanMode::kRing:
      traffic.sent = 2 * others / n * shape.dense_floats * 4 + others * RowsMessage(shape, distinct(parts * part_rows));
      traffic.received = traffic.sent;
      traffic.calls = 3 * others;
      break;
    case PlanMode::kDense:
      traffic.sent = 2 * others / n * (shape.row_ids * shape.width + shape.dense_floats) * 4;
      traffic.received = traffic.sent;
      traffic.calls = 2 * others;
      break;
    case PlanMode::kHybrid:
      traffic.pulled = traffic.units * (pull + calls);
      traffic.pushed = traffic.units * (rows + calls) * copies;
      traffic.pulled_own = traffic.units * dense_pull;
      traffic.pushed_own = traffic.units * dense;
      traffic.sent = traffic.units * others * (dense + kCallBytes);
      traffic.received = traffic.sent;
      traffic.calls = traffic.units * (called + others) * 2;
      break;
  }
  if (HoldsAll(candidate.mode)) {
    traffic.pulled_own = traffic.units * (pull + dense_pull);
    traffic.pushed_own = traffic.units * (rows + dense);
  }
  return traffic;
}

double AppliedFloats(const JobShape& shape, const DistinctOf& distinct, const Candidate& candidate) {
  const double holders = Holders(candidate), rows = distinct(shape.batch) * shape.width;
  const double share = Unevenness(holders, shape.slots) / std::min(holders, static_cast<double>(shape.slots));
  switch (candidate.mode) {
    case PlanMode::kPs:
    case PlanMode::kSharded:
      return (rows + shape.dense_floats) * share * shape.replicas;
    case PlanMode::kHybrid:
      return rows * share * shape.replicas;
    case PlanMode::kReplicated:
    case PlanMode::kRing:
    case PlanMode::kDense:
      return 0;
  }
  return 0;
}

double AppliedByWorker(const JobShape& shape, const DistinctOf& distinct, const Candidate& candidate) {
  switch (candidate.mode) {
    case PlanMode::kPs:
    case PlanMode::kSharded:
      return 0;
    case PlanMode::kHybrid:
      return shape.dense_floats;
    case PlanMode::kReplicated:
    case PlanMode::kRing:
      return FloatsOf(shape, distinct(shape.batch));
    case PlanMode::kDense:
      return FloatsOf(shape, shape.row_ids);
  }
  return 0;
}

}  // namespace pumasi
