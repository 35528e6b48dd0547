#include "worker/input/encode_file.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/file.h"
#include "worker/input/bad_rows.h"
#include "worker/input/csv_input.h"
#include "worker/input/encode_rows.h"
#include "worker/input/encoded_rows.h"

namespace pumasi {

absl::StatusOr<EncodedFile> EncodeFiles(const std::vector<std::string>& files, const v1::Data& data,
                                        const TextEncoder& encoder, const LabelEncoder& labels, int threads,
                                        ProgressTracker* tracker) {
  if (data.label().empty()) return absl::InvalidArgumentError("data.label is missing; name the column with the labels");
  CsvColumns columns;
  columns.text.assign(data.text().begin(), data.text().end());
  columns.label = data.label();
  columns.label_may_be_empty = labels.kind() == LabelKind::kClasses;
  auto input = CsvInput::Open(files, columns, FileViewOptions(), threads);
  if (!input.ok()) return input.status();
  if (absl::Status status = tracker->Begin("encoding rows", (*input)->bytes()); !status.ok()) return status;
  BadRows bad_rows(data);
  auto all = std::make_unique<EncodedRows>(labels.kind());
  const absl::Status status =
      EncodeRows(**input, encoder, labels, threads, &bad_rows, tracker, [&](const EncodedRows& rows) {
        all->Append(rows);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  EncodedFile encoded;
  encoded.rows = std::move(all);
  encoded.skipped_rows = bad_rows.lost();
  return encoded;
}

absl::StatusOr<LabelSet> OpenLabels(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", kLabelsFile);
  auto text = ReadFile(RealFiles(), path, uint64_t{1} << 32);
  if (!text.ok()) return text.status();
  auto labels = LabelSet::FromText(*text);
  if (!labels.ok()) return absl::DataLossError(absl::StrCat(path, ": ", labels.status().message()));
  return labels;
}

absl::StatusOr<LabelEncoder> OpenLabelEncoder(const v1::Job& job, uint32_t classes, const std::string& folder) {
  LabelReader reader = LabelReader::Of(job, classes);
  if (reader.kind() == LabelKind::kNumbers) return LabelEncoder(std::move(reader), LabelSet::FromNames({}));
  absl::StatusOr<LabelSet> labels = OpenLabels(folder);
  if (!labels.ok()) return labels.status();
  return LabelEncoder(std::move(reader), *std::move(labels));
}

}  // namespace pumasi
