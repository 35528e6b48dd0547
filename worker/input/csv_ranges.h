#ifndef PUMASI_WORKER_INPUT_CSV_RANGES_H_
#define PUMASI_WORKER_INPUT_CSV_RANGES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pumasi {

// Bytes [begin, end) of a CSV file.
struct CsvRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Cuts `file` from byte `begin`, where a record has to begin, into at most `pieces` ranges of about equal size that
// each begin at a record. Together they are everything from `begin` on, in order, none of them empty: reading them one
// after the other with CsvScanner gives the records of a single pass, whatever the number of pieces, faulty records
// included.
//
// Where to cut depends on whether a place lies inside quotes, and so on everything before it. Each piece is therefore
// scanned as if it began outside quotes, by `threads` threads at once; the few pieces that turn out to begin inside are
// scanned again.
std::vector<CsvRange> SplitCsvRanges(std::string_view file, uint64_t begin, size_t pieces, int threads);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CSV_RANGES_H_
