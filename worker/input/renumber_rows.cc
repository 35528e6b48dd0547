#include "worker/input/renumber_rows.h"

#include <algorithm>
#include <span>

#include "worker/input/in_turn.h"
#include "worker/input/parallel.h"

namespace pumasi {
namespace {

// to[i] for each of `numbers`.
std::vector<uint32_t> Through(std::span<const uint32_t> numbers, const std::vector<uint32_t>& to) {
  std::vector<uint32_t> result(numbers.size());
  std::transform(numbers.begin(), numbers.end(), result.begin(), [&](uint32_t number) { return to[number]; });
  return result;
}

void RenumberPiece(const NumberedPiece& piece, const FinalIds& ids, const RowRules& rules, EncodedRows* rows) {
  std::vector<uint32_t> tokens, labels;
  uint64_t begin = 0, label_begin = 0;
  for (size_t row = 0; row < piece.ends.size(); ++row) {
    std::span<const uint32_t> numbers(piece.tokens.data() + begin, piece.tokens.data() + piece.ends[row]);
    if (!rules.drops_unknown()) numbers = rules.Cut(numbers);
    tokens.resize(numbers.size());
    for (size_t i = 0; i < numbers.size(); ++i) tokens[i] = ids.tokens[numbers[i]];
    rules.Finish(&tokens);
    labels.assign(piece.labels.begin() + label_begin, piece.labels.begin() + piece.label_ends[row]);
    if (rows->label_kind() != LabelKind::kNumbers) {
      for (uint32_t& label : labels) label = ids.classes[label];
      if (labels.size() > 1) {
        std::sort(labels.begin(), labels.end());
        labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
      }
    }
    rows->Add(tokens, labels);
    begin = piece.ends[row];
    label_begin = piece.label_ends[row];
  }
}

}  // namespace

absl::Status RenumberRows(const CsvInput& input, const NumberedRows& rows, const FinalIds& ids, const RowRules& rules,
                          LabelKind label_kind, int threads, ProgressTracker* tracker,
                          const std::function<absl::Status(const EncodedRows&)>& sink) {
  std::vector<FinalIds> share_ids;
  for (size_t share = 0; share < rows.shares(); ++share) {
    const NumberedRows::Joined& joined = rows.joined(share);
    share_ids.push_back({Through(joined.tokens, ids.tokens), Through(joined.labels, ids.classes)});
  }
  const std::vector<CsvInput::Piece>& pieces = input.pieces();
  InTurn in_turn;
  return TryParallel(pieces.size(), threads, [&](size_t i) {
    NumberedPiece piece;
    EncodedRows encoded(label_kind);
    absl::Status status = rows.Read(i, &piece);
    if (status.ok()) {
      RenumberPiece(piece, share_ids[rows.share(i)], rules, &encoded);
      status = tracker->Add(pieces[i].range.end - pieces[i].range.begin);
    }
    if (!status.ok()) {
      in_turn.Fail(i);
      return status;
    }
    return in_turn.Deliver(i, [&] { return sink(encoded); });
  });
}

}  // namespace pumasi
