// What a slot was at one version, for a checkpoint that is written while the slot changes: rows and chunks that change
// before they were written are kept as they were (copy on write).
#ifndef PUMASI_SERVER_SLOT_CUT_H_
#define PUMASI_SERVER_SLOT_CUT_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/memory_account.h"

namespace pumasi {

struct SlotCut {
  explicit SlotCut(std::shared_ptr<MemoryAccount> memory) : bytes(std::move(memory), MemoryUse::kCheckpoint) {}

  struct OldRow {
    uint64_t last_step;
    std::vector<float> state;
  };
  struct Rows {
    size_t rows = 0;                           // the first so many of the table's rows were there
    uint64_t unwritten_from = 0;               // rows with smaller ids are written; kAllWritten: all are
    std::unordered_map<uint32_t, OldRow> old;  // by the row's number in the table; looked up, never walked through
  };
  struct Dense {
    bool written = false;
    std::vector<float> old;  // empty: it has not changed
  };
  static constexpr uint64_t kAllWritten = std::numeric_limits<uint64_t>::max();

  // What keeping a row of so many floats takes: about two allocations and their bookkeeping besides.
  static constexpr uint64_t RowBytes(size_t floats) { return floats * sizeof(float) + 96; }
  // Rows of so many floats, or a chunk, are not kept any more.
  void DropRows(Rows& kept, size_t floats) {
    bytes.Subtract(kept.old.size() * RowBytes(floats));
    kept.old = {};
  }
  void DropDense(Dense& kept) {
    bytes.Subtract(kept.old.size() * sizeof(float));
    kept.old = {};
  }
  // There is no room for what would have to be kept: the checkpoint can't be written, and nothing is kept any more.
  void GiveUp();

  uint64_t version = 0;  // as a step of the optimizer; so is `since`
  // Rows that did not change after this version are not wanted; 0: all are.
  uint64_t since = 0;
  std::vector<Rows> rows;    // by table
  std::vector<Dense> dense;  // by the slot's chunks
  CountedBytes bytes;        // of all that is kept
  bool no_room = false;      // given up
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SLOT_CUT_H_
