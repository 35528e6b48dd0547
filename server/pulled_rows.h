// Values of rows that had to be computed for pulls of the latest version, and where they lie: in the answers. Another
// worker's pull may ask for the same row, and with the batch the row has to be brought to the same version once more.
#ifndef PUMASI_SERVER_PULLED_ROWS_H_
#define PUMASI_SERVER_PULLED_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/wire/byte_block.h"
#include "server/memory_account.h"

namespace pumasi {

// What a row's value is at a version is a function of the job and its gradients, whichever copy of a slot answers: so
// what is here holds until training goes back, or an optimizer's settings change. Not thread-safe.
class PulledRows {
 public:
  // Answers are kept up to so many bytes: an evaluation pulls all rows there are at one version.
  static constexpr uint64_t kMostBytes = 64 << 20;
  // What finding one of them takes besides.
  static constexpr uint64_t kEntryBytes = 24;

  // Counted as values from before a batch. Where the account has a limit nothing is kept at all: memory is short then.
  PulledRows(size_t tables, std::shared_ptr<MemoryAccount> memory);

  // Room for an answer of so many bytes, kEntryBytes a row among them, at `version`? Then begins to gather that
  // version's: what older ones left is forgotten. False too for a version that is past.
  bool Begin(uint64_t version, uint64_t bytes);
  // At the version of the last Begin. `value`: in the block that is going to be kept.
  void Add(uint32_t table, uint64_t id, const float* value) { values_[table].emplace(id, value); }
  // The answer in which the values lie that were added since the last call.
  void Keep(ByteBlock block);

  // The row's value at `version`; nullptr: not known. Valid until the next Begin or Clear.
  const float* Find(uint32_t table, uint64_t id, uint64_t version) const {
    if (version != version_) return nullptr;
    const auto found = values_[table].find(id);
    return found == values_[table].end() ? nullptr : found->second;
  }
  void Clear();

 private:
  uint64_t version_ = 0;
  std::vector<absl::flat_hash_map<uint64_t, const float*>> values_;  // by table; looked up, never walked through
  std::vector<ByteBlock> blocks_;
  const bool on_;
  CountedBytes bytes_;  // of blocks_
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_PULLED_ROWS_H_
