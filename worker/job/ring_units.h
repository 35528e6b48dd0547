// What a worker has computed of the batches of a ring, and whether its share of one is complete.
#ifndef PUMASI_WORKER_JOB_RING_UNITS_H_
#define PUMASI_WORKER_JOB_RING_UNITS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/layout/part_range.h"
#include "ops/tree/gradient.h"
#include "proto/table.pb.h"

namespace pumasi {

// A unit that was computed, in one attempt of the worker's core at pushing it.
struct RingUnit {
  uint64_t unit = 0, attempt = 0;
  std::vector<uint32_t> servers;  // that the attempt waits for
  uint64_t version = 0;
  PartRange parts;
  std::vector<v1::RateChange> rate_changes;
  std::shared_ptr<const Gradient> gradient;
};

// Not thread-safe.
class RingUnits {
 public:
  // A unit that is known already is replaced: it is a new attempt.
  void Add(RingUnit unit);
  void Drop(uint64_t unit) { units_.erase(unit); }

  // Units that make up exactly this share of the batch, by their parts; nothing: some are missing. An empty share is
  // made up of no units.
  std::optional<std::vector<const RingUnit*>> Cover(uint64_t version, PartRange share) const;

  // Takes the units of batches before `version`: every copy has those.
  std::vector<RingUnit> TakeBefore(uint64_t version);
  // Takes those that do not lie in the share: others compute them.
  std::vector<RingUnit> TakeOutside(PartRange share);

  bool empty() const { return units_.empty(); }

 private:
  std::map<uint64_t, RingUnit> units_;  // by number
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_RING_UNITS_H_
