#include "worker/input/encode_rows.h"

#include <vector>

#include "worker/input/csv_rows.h"
#include "worker/input/in_turn.h"
#include "worker/input/parallel.h"
#include "worker/input/row_errors.h"

namespace pumasi {
namespace {

absl::Status EncodePiece(const CsvInput::Piece& piece, size_t index, const TextEncoder& encoder,
                         const LabelEncoder& labels, BadRows* bad_rows, EncodedRows* rows) {
  CsvRows reader(*piece.table, piece.range);
  TextEncoder::Scratch scratch;
  LabelReader::Values values;
  std::vector<uint32_t> ids, encoded;
  while (reader.Next()) {
    absl::Status status;
    if (reader.malformed()) {
      status = bad_rows->Add(index, reader.rows_lost(), [&] { return reader.Error(); });
    } else if (!labels.Encode(reader.label(), &values, &encoded)) {
      status =
          bad_rows->Add(index, 1, [&] { return LabelError(*piece.table, reader, labels.Problem(reader.label())); });
    } else if (!encoder.Encode(reader.text(), &scratch, &ids).ok()) {
      status = bad_rows->Add(index, 1, [&] { return TextError(*piece.table, reader, encoder); });
    } else {
      rows->Add(ids, encoded);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EncodeRows(const CsvInput& input, const TextEncoder& encoder, const LabelEncoder& labels, int threads,
                        BadRows* bad_rows, ProgressTracker* tracker,
                        const std::function<absl::Status(const EncodedRows&)>& sink) {
  const std::vector<CsvInput::Piece>& pieces = input.pieces();
  InTurn in_turn;
  const absl::Status status = TryParallel(pieces.size(), threads, [&](size_t i) {
    EncodedRows rows(labels.kind());
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
