// What a slot was at one version, for a checkpoint that is written while the slot changes: rows and chunks that change
// before they were written are kept as they were (copy on write).
#ifndef PUMASI_SERVER_SLOT_CUT_H_
#define PUMASI_SERVER_SLOT_CUT_H_

#include <cstdint>
#include <limits>
#include <unordered_map>
#include <vector>

namespace pumasi {

struct SlotCut {
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

  uint64_t version = 0;
  // Rows that did not change after this version are not wanted; 0: all are.
  uint64_t since = 0;
  std::vector<Rows> rows;    // by table
  std::vector<Dense> dense;  // by the slot's chunks
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SLOT_CUT_H_
