#include "worker/input/survey.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/input/csv_rows.h"
#include "worker/input/label_set.h"
#include "worker/input/lower_case.h"
#include "worker/input/parallel.h"
#include "worker/input/utf8.h"

namespace pumasi {
namespace {

absl::Status TooManyLabels(const CsvTable& table) {
  return absl::InvalidArgumentError(absl::StrCat("column \"", table.label_name(), "\" of ", table.path(), " has over ",
                                                 kMaxClasses, " different values; is it the column with the class?"));
}

// What one thread counts: neighbouring pieces, so that adding up the shares in order keeps the order of first sight.
struct Share {
  TokenCounter tokens;
  TokenCounter labels;
};

absl::Status SurveyPiece(const CsvInput::Piece& piece, size_t index, const Tokenizer* tokenizer, BadRows* bad_rows,
                         Tokens* tokens, Share* share, uint64_t* rows) {
  CsvRows reader(*piece.table, piece.range);
  while (reader.Next()) {
    if (reader.malformed()) {
      absl::Status status = bad_rows->Add(index, reader.rows_lost(), [&] { return reader.Error(); });
      if (!status.ok()) return status;
      continue;
    }
    ++*rows;
    if (piece.table->label_column() >= 0) share->labels.Add(reader.label());
    if (tokenizer == nullptr) continue;
    tokenizer->Split(reader.text(), tokens);
    share->tokens.AddAll(tokens->list);
  }
  if (share->labels.size() > kMaxClasses) return TooManyLabels(*piece.table);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Survey> SurveyRows(const CsvInput& input, const Tokenizer* tokenizer, int threads, BadRows* bad_rows,
                                  ProgressTracker* tracker) {
  const std::vector<CsvInput::Piece>& pieces = input.pieces();
  if (absl::Status status = tracker->Begin("reading rows", input.bytes()); !status.ok()) return status;
  Survey survey;
  survey.piece_rows.resize(pieces.size());
  const size_t count = std::min<size_t>(std::max(threads, 1), std::max<size_t>(pieces.size(), 1));
  std::vector<Share> shares(count);
  const absl::Status status = TryParallel(count, threads, [&](size_t share) {
    Tokens tokens;
    for (size_t i = pieces.size() * share / count; i < pieces.size() * (share + 1) / count; ++i) {
      absl::Status done =
          SurveyPiece(pieces[i], i, tokenizer, bad_rows, &tokens, &shares[share], &survey.piece_rows[i]);
      if (!done.ok()) return done;
      done = tracker->Add(pieces[i].range.end - pieces[i].range.begin);
      if (!done.ok()) return done;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return bad_rows->Explain(status);
  for (const uint64_t rows : survey.piece_rows) survey.rows += rows;
  survey.tokens = std::move(shares[0].tokens);
  TokenCounter labels = std::move(shares[0].labels);
  for (size_t i = 1; i < shares.size(); ++i) {
    survey.tokens.Merge(shares[i].tokens);
    labels.Merge(shares[i].labels);
  }
  if (labels.size() > kMaxClasses) return TooManyLabels(*pieces[0].table);
  for (size_t i = 0; i < labels.size(); ++i) survey.labels.emplace_back(labels.token(i));
  return survey;
}

absl::StatusOr<std::string> SampleTexts(const CsvInput& input, const Survey& survey, const SampleSize& size, bool lower,
                                        int threads, ProgressTracker* tracker) {
  const std::vector<CsvInput::Piece>& pieces = input.pieces();
  if (absl::Status status = tracker->Begin("sampling texts", input.bytes()); !status.ok()) return status;
  const uint64_t wanted = std::min(size.rows, survey.rows);
  // Of n rows, row i is taken where (i + 1) · wanted / n passes a whole number.
  const auto taken_before = [&](uint64_t row) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(row) * wanted / std::max<uint64_t>(survey.rows, 1));
  };
  std::vector<uint64_t> first_row(pieces.size() + 1);
  for (size_t i = 0; i < pieces.size(); ++i) first_row[i + 1] = first_row[i] + survey.piece_rows[i];

  std::vector<std::string> samples(pieces.size());
  const absl::Status status = TryParallel(pieces.size(), threads, [&](size_t i) {
    CsvRows reader(*pieces[i].table, pieces[i].range);
    std::string text;
    for (uint64_t row = first_row[i]; reader.Next();) {
      if (reader.malformed()) continue;
      ++row;
      if (taken_before(row) == taken_before(row - 1)) continue;
      if (lower) {
        ToLower(reader.text(), &text);
      } else {
        text = reader.text();
      }
      if (text.size() > size.text_bytes)
        text.resize(ValidUtf8Prefix(std::string_view(text).substr(0, size.text_bytes)));
      for (char& c : text) {
        if (c == '\n' || c == '\r' || c == '\0') c = ' ';
      }
      samples[i].append(text).push_back('\n');
    }
    return tracker->Add(pieces[i].range.end - pieces[i].range.begin);
  });
  if (!status.ok()) return status;
  std::string sample;
  for (std::string& part : samples) {
    sample.append(part);
    part = std::string();
  }
  return sample;
}

}  // namespace pumasi
