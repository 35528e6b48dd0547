#include "worker/input/encode_rows.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/escape.h"
#include "worker/input/csv_rows.h"
#include "worker/input/in_turn.h"
#include "worker/input/parallel.h"

namespace pumasi {
namespace {

absl::Status EncodePiece(const CsvInput::Piece& piece, size_t index, const TextEncoder& encoder, const LabelSet& labels,
                         BadRows* bad_rows, EncodedRows* rows) {
  CsvRows reader(*piece.table, piece.range);
  TextEncoder::Scratch scratch;
  std::vector<uint32_t> ids;
  while (reader.Next()) {
    absl::Status status;
    if (reader.malformed()) {
      status = bad_rows->Add(index, reader.rows_lost(), [&] { return reader.Error(); });
    } else if (const std::optional<uint32_t> label = labels.Find(reader.label()); label.has_value()) {
      encoder.Encode(reader.text(), &scratch, &ids);
      rows->Add(ids, *label);
    } else {
      status = bad_rows->Add(index, 1, [&] {
        constexpr size_t kShown = 64;
        return piece.table->RowError(
            reader.offset(), absl::StrCat("the label \"", EscapeControls(std::string(reader.label().substr(0, kShown))),
                                          "\" (column \"", piece.table->label_name(), "\") is none of the ",
                                          labels.names().size(), " labels of the training rows"));
      });
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EncodeRows(const CsvInput& input, const TextEncoder& encoder, const LabelSet& labels, int threads,
                        BadRows* bad_rows, ProgressTracker* tracker,
                        const std::function<absl::Status(const EncodedRows&)>& sink) {
  const std::vector<CsvInput::Piece>& pieces = input.pieces();
  InTurn in_turn;
  const absl::Status status = TryParallel(pieces.size(), threads, [&](size_t i) {
    EncodedRows rows;
    absl::Status status = EncodePiece(pieces[i], i, encoder, labels, bad_rows, &rows);
    if (status.ok()) status = tracker->Add(pieces[i].range.end - pieces[i].range.begin);
    if (!status.ok()) {
      in_turn.Fail(i);
      return status;
    }
    return in_turn.Deliver(i, [&] { return sink(rows); });
  });
  return status.ok() ? status : bad_rows->Explain(status);
}

}  // namespace pumasi
