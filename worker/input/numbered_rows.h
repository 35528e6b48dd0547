#ifndef PUMASI_WORKER_INPUT_NUMBERED_ROWS_H_
#define PUMASI_WORKER_INPUT_NUMBERED_ROWS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace pumasi {

// Rows of one piece of the input before the vocabulary is known: numbers in the place of ids.
struct NumberedPiece {
  std::vector<uint32_t> tokens;  // of all rows, one row after the other
  std::vector<uint64_t> ends;    // where each row's tokens end
  std::vector<uint32_t> labels;  // likewise
  std::vector<uint64_t> label_ends;

  void clear() {
    tokens.clear();
    ends.clear();
    labels.clear();
    label_ends.clear();
  }
};

// Where a survey leaves the rows that it has read, so that they need not be split again once the vocabulary is known.
// They go to files without names, as there may be more of them than memory holds. The survey's threads number tokens
// and labels each on their own: a file for each thread's share of the pieces.
class NumberedRows {
 public:
  // The files are made in `folder`; they vanish with this object. `shares` may be too many.
  static absl::StatusOr<std::unique_ptr<NumberedRows>> Create(const std::string& folder, size_t pieces, size_t shares);

  // Keeps the rows of a piece. Each piece once, by one thread a share at a time.
  absl::Status Write(size_t share, size_t piece, const NumberedPiece& rows);
  // Reads them again. Any number of threads at a time, after all have been written.
  absl::Status Read(size_t piece, NumberedPiece* rows) const;

  size_t shares() const { return files_.size(); }
  // The share that wrote the piece.
  size_t share(size_t piece) const { return places_[piece].share; }

  // What a share's numbers are in the numbering of the whole survey, set once the shares are joined; empty for a share
  // that has no pieces. With LabelKind::kNumbers a label is no number of a class but stands for itself.
  struct Joined {
    std::vector<uint32_t> tokens;
    std::vector<uint32_t> labels;
  };
  const Joined& joined(size_t share) const { return files_[share]->joined; }
  void SetJoined(size_t share, Joined joined) { files_[share]->joined = std::move(joined); }

 private:
  struct File {
    explicit File(int fd) : descriptor(fd) {}
    Descriptor descriptor;
    uint64_t size = 0;
    Joined joined;
  };
  struct Place {
    size_t share = 0;
    uint64_t begin = 0;
    uint64_t tokens = 0, rows = 0, labels = 0;
  };

  explicit NumberedRows(std::string folder, size_t pieces) : folder_(std::move(folder)), places_(pieces) {}

  const std::string folder_;
  std::vector<std::unique_ptr<File>> files_;  // by share
  std::vector<Place> places_;                 // by piece
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_NUMBERED_ROWS_H_
