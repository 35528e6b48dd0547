// A store that ends with the process: for `store: memory`, where a scheduler that dies takes its jobs with it, and for
// tests.
#ifndef PUMASI_SCHEDULER_MEMORY_STORE_H_
#define PUMASI_SCHEDULER_MEMORY_STORE_H_

#include <map>
#include <string>
#include <vector>

#include "scheduler/store.h"

namespace pumasi {

// Not thread-safe.
class MemoryStore : public Store {
 public:
  absl::StatusOr<std::vector<StoreEntry>> List(absl::string_view prefix) override;
  // Both kinds of durability mean the same.
  absl::Status Commit(const StoreBatch& batch, Durability durability) override;

 private:
  std::map<std::string, std::string> entries_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_MEMORY_STORE_H_
