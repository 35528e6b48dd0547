#ifndef PUMASI_WORKER_INPUT_CSV_INPUT_H_
#define PUMASI_WORKER_INPUT_CSV_INPUT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/input/csv_ranges.h"
#include "worker/input/csv_table.h"

namespace pumasi {

// The rows of several CSV files, cut into pieces that threads read. Read in the order of the pieces, the rows are those
// of the files one after the other, however many pieces there are. Immutable.
class CsvInput {
 public:
  struct Piece {
    const CsvTable* table;
    CsvRange range;
  };

  // Opens the files; each needs the columns, in any order. Errors of CsvTable::Open. `piece_bytes`: about how much a
  // piece holds.
  static absl::StatusOr<std::unique_ptr<CsvInput>> Open(const std::vector<std::string>& files,
                                                        const CsvColumns& columns, const FileViewOptions& options,
                                                        int threads, uint64_t piece_bytes = kPieceBytes);

  const std::vector<Piece>& pieces() const { return pieces_; }
  // Of all pieces.
  uint64_t bytes() const { return bytes_; }

 private:
  // Small enough to spread over threads and to bound memory, large enough to cost nothing.
  static constexpr uint64_t kPieceBytes = 1 << 20;

  CsvInput() = default;

  std::vector<std::unique_ptr<CsvTable>> tables_;
  std::vector<Piece> pieces_;
  uint64_t bytes_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CSV_INPUT_H_
