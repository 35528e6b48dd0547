// What the scheduler remembers beyond its own life: bytes by key, changed in atomic batches. SqliteStore keeps them in
// a file; MemoryStore in memory alone. The interface is no wider than what etcd offers (a range read and a transaction
// of puts and deletes), so that it can stand in; it would have to cut large values into pieces of its own.
#ifndef PUMASI_SCHEDULER_STORE_H_
#define PUMASI_SCHEDULER_STORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pumasi {

// What a commit that returned survives.
enum class Durability {
  // The death of the process. The machine's death takes the latest commits of this kind with it, never one without all
  // that came after it.
  kOrdered,
  // The death of the machine, too: for this commit and all before it.
  kSynced,
};

// Changes that become true together, or not at all. The last change of a key counts.
class StoreBatch {
 public:
  // Keys in their order; no value: the key is removed, which is no error where it is not there.
  using Changes = std::map<std::string, std::optional<std::string>>;

  void Put(std::string key, std::string value) { changes_[std::move(key)] = std::move(value); }
  void Delete(std::string key) { changes_[std::move(key)] = std::nullopt; }
  void Clear() { changes_.clear(); }

  bool empty() const { return changes_.empty(); }
  const Changes& changes() const { return changes_; }

 private:
  Changes changes_;
};

struct StoreEntry {
  std::string key;
  std::string value;
};

// Not thread-safe.
class Store {
 public:
  static constexpr size_t kMaxKeyBytes = 1024;
  static constexpr size_t kMaxValueBytes = 512 << 20;

  virtual ~Store() = default;

  // The entries whose keys start with `prefix`, by key, bytewise; all with an empty one. DataLoss: what is stored is
  // damaged.
  virtual absl::StatusOr<std::vector<StoreEntry>> List(absl::string_view prefix) = 0;

  // Makes the changes true. An empty batch with kSynced makes all earlier commits survive the machine's death.
  // InvalidArgument, and nothing changed: a key that is empty or longer than kMaxKeyBytes, a value longer than
  // kMaxValueBytes. On any other error (ResourceExhausted: no space; Unavailable: the disk failed; DataLoss: the file
  // is damaged) List shows the state before, and the store can be used further: the same or another batch may be tried
  // again. Until a later commit with kSynced succeeds, a restart may find the failed batch, whole, in place of what
  // followed it.
  virtual absl::Status Commit(const StoreBatch& batch, Durability durability) = 0;
};

// InvalidArgument if keys or values break the bounds above.
absl::Status CheckStoreBatch(const StoreBatch& batch);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_STORE_H_
