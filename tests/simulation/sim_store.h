// The scheduler's store on a simulated machine: commits that are only ordered may be lost with the machine, latest
// first; and now and then it can't commit at all.
#ifndef PUMASI_TESTS_SIMULATION_SIM_STORE_H_
#define PUMASI_TESTS_SIMULATION_SIM_STORE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scheduler/store.h"
#include "tests/simulation/random.h"

namespace pumasi::sim {

class SimStore : public Store {
 public:
  absl::StatusOr<std::vector<StoreEntry>> List(absl::string_view prefix) override { return Entries(prefix); }
  std::vector<StoreEntry> Entries(absl::string_view prefix) const;
  absl::Status Commit(const StoreBatch& batch, Durability durability) override;

  // The machine dies: of the commits since the last synced one, a random number of the first stay.
  void LosePower(Random& random);
  // Commits fail, or no more.
  void SetBroken(bool broken) { broken_ = broken; }

  uint64_t commits() const { return commits_; }
  uint64_t synced() const { return synced_; }

 private:
  using Map = std::map<std::string, std::string>;
  static void Apply(const StoreBatch& batch, Map* entries);

  Map entries_;                      // as List shows them
  Map durable_;                      // after the last synced commit
  std::vector<StoreBatch> ordered_;  // since then
  bool broken_ = false;
  uint64_t commits_ = 0, synced_ = 0;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_SIM_STORE_H_
