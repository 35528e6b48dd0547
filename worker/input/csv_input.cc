#include "worker/input/csv_input.h"

#include <utility>

#include "absl/status/status.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<CsvInput>> CsvInput::Open(const std::vector<std::string>& files,
                                                         const CsvColumns& columns, const FileViewOptions& options,
                                                         int threads, uint64_t piece_bytes) {
  std::unique_ptr<CsvInput> input(new CsvInput());
  for (const std::string& file : files) {
    absl::StatusOr<std::unique_ptr<CsvTable>> table = CsvTable::Open(file, columns, options);
    if (!table.ok()) return table.status();
    const uint64_t bytes = (*table)->contents().size() - (*table)->body_begin();
    for (const CsvRange& range :
         SplitCsvRanges((*table)->contents(), (*table)->body_begin(), bytes / piece_bytes + 1, threads)) {
      input->pieces_.push_back({table->get(), range});
    }
    input->bytes_ += bytes;
    input->tables_.push_back(*std::move(table));
  }
  return input;
}

}  // namespace pumasi
