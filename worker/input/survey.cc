#include "worker/input/survey.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/input/csv_rows.h"
#include "worker/input/label_set.h"
#include "worker/input/lower_case.h"
#include "worker/input/parallel.h"
#include "worker/input/row_errors.h"
#include "worker/input/token_queue.h"
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

// Adds what a share counted to the sum, and returns its numbers there.
std::vector<uint32_t> Join(TokenCounter share, TokenCounter* sum) {
  if (sum->size() > 0) return sum->Merge(share);
  std::vector<uint32_t> numbers(share.size());
  std::iota(numbers.begin(), numbers.end(), 0u);
  *sum = std::move(share);
  return numbers;
}

// What reading a row needs room for.
struct Scratch {
  Tokens tokens;
  LabelReader::Values labels;
  TextEncoder::Scratch text;
  std::vector<uint32_t> ids;
  NumberedPiece rows;
};

// Notes a sound row's labels: the share's numbers of the names, or the numbers themselves.
void AddLabels(const LabelReader::Values& values, LabelKind kind, TokenCounter* labels, NumberedPiece* rows) {
  if (kind == LabelKind::kNumbers) {
    if (rows != nullptr) rows->labels.insert(rows->labels.end(), values.numbers.begin(), values.numbers.end());
  } else {
    for (const std::string_view name : values.names) {
      const uint32_t number = labels->Add(name);
      if (rows != nullptr) rows->labels.push_back(number);
    }
  }
  if (rows != nullptr) rows->label_ends.push_back(rows->labels.size());
}

absl::Status SurveyPiece(const CsvInput::Piece& piece, size_t index, const SurveyPlan& plan, BadRows* bad_rows,
                         Scratch* scratch, Share* share, uint64_t* rows) {
  CsvRows reader(*piece.table, piece.range);
  NumberedPiece* const numbered = plan.rows != nullptr ? &scratch->rows : nullptr;
  scratch->rows.clear();
  uint64_t tokens = 0;
  TokenQueue queue(&share->tokens, numbered != nullptr ? &numbered->tokens : nullptr);
  while (reader.Next()) {
    absl::Status status;
    if (reader.malformed()) {
      status = bad_rows->Add(index, reader.rows_lost(), [&] { return reader.Error(); });
    } else if (!plan.labels->Read(reader.label(), &scratch->labels)) {
      status = bad_rows->Add(index, 1,
                             [&] { return LabelError(*piece.table, reader, plan.labels->Problem(reader.label())); });
    } else if (plan.ids != nullptr && !plan.ids->Encode(reader.text(), &scratch->text, &scratch->ids).ok()) {
      status = bad_rows->Add(index, 1, [&] { return TextError(*piece.table, reader, *plan.ids); });
    } else {
      ++*rows;
      AddLabels(scratch->labels, plan.labels->kind(), &share->labels, numbered);
      if (plan.tokenizer == nullptr) continue;
      plan.tokenizer->Split(reader.text(), &scratch->tokens);
      queue.Add(scratch->tokens.list);
      tokens += scratch->tokens.list.size();
      if (numbered != nullptr) numbered->ends.push_back(tokens);
    }
    if (!status.ok()) return status;
  }
  queue.Flush();
  if (share->labels.size() > kMaxClasses) return TooManyLabels(*piece.table);
  return absl::OkStatus();
}

}  // namespace

uint32_t CountNumbers(const CsvInput& input, const LabelReader& labels, uint64_t malformed) {
  LabelReader::Values values;
  uint64_t before = 0;
  for (const CsvInput::Piece& piece : input.pieces()) {
    CsvRows reader(*piece.table, piece.range);
    while (reader.Next()) {
      if (!reader.malformed() && labels.Read(reader.label(), &values)) {
        return static_cast<uint32_t>(values.numbers.size());
      }
      if (++before > malformed) return 0;
    }
  }
  return 0;
}

absl::StatusOr<Survey> SurveyRows(const CsvInput& input, const SurveyPlan& plan, int threads, BadRows* bad_rows,
                                  ProgressTracker* tracker) {
  const std::vector<CsvInput::Piece>& pieces = input.pieces();
  if (absl::Status status = tracker->Begin("reading rows", input.bytes()); !status.ok()) return status;
  Survey survey;
  survey.piece_rows.resize(pieces.size());
  const size_t count = std::min<size_t>(std::max(threads, 1), std::max<size_t>(pieces.size(), 1));
  std::vector<Share> shares(count);
  const absl::Status status = TryParallel(count, threads, [&](size_t share) {
    Scratch scratch;
    for (size_t i = pieces.size() * share / count; i < pieces.size() * (share + 1) / count; ++i) {
      absl::Status done = SurveyPiece(pieces[i], i, plan, bad_rows, &scratch, &shares[share], &survey.piece_rows[i]);
      if (done.ok() && plan.rows != nullptr) done = plan.rows->Write(share, i, scratch.rows);
      if (!done.ok()) return done;
      done = tracker->Add(pieces[i].range.end - pieces[i].range.begin);
      if (!done.ok()) return done;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return bad_rows->Explain(status);
  for (const uint64_t rows : survey.piece_rows) survey.rows += rows;
  // Joined in order, so that the numbers are those of a single pass.
  TokenCounter labels;
  for (size_t i = 0; i < shares.size(); ++i) {
    NumberedRows::Joined joined = {Join(std::move(shares[i].tokens), &survey.tokens),
                                   Join(std::move(shares[i].labels), &labels)};
    if (plan.rows != nullptr) plan.rows->SetJoined(i, std::move(joined));
  }
  if (labels.size() > kMaxClasses) return TooManyLabels(*pieces[0].table);
  for (size_t i = 0; i < labels.size(); ++i) survey.labels.emplace_back(labels.token(i));
  return survey;
}

absl::StatusOr<std::string> SampleTexts(const CsvInput& input, const LabelReader& labels, const Survey& survey,
                                        const SampleSize& size, bool lower, int threads, ProgressTracker* tracker) {
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
    LabelReader::Values values;
    std::string text;
    for (uint64_t row = first_row[i]; reader.Next();) {
      if (reader.malformed() || !labels.Read(reader.label(), &values)) continue;
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
