#include "worker/input/build_entry.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/file.h"
#include "common/sha256.h"
#include "worker/input/bad_rows.h"
#include "worker/input/cache_entry.h"
#include "worker/input/cache_key.h"
#include "worker/input/csv_input.h"
#include "worker/input/encode_rows.h"
#include "worker/input/encoded_writer.h"
#include "worker/input/label_encoder.h"
#include "worker/input/label_kind.h"
#include "worker/input/label_reader.h"
#include "worker/input/label_set.h"
#include "worker/input/numbered_rows.h"
#include "worker/input/renumber_rows.h"
#include "worker/input/row_rules.h"
#include "worker/input/survey.h"
#include "worker/input/text_encoder.h"

namespace pumasi {
namespace {

// Builds one entry, step by step.
class Builder {
 public:
  Builder(const BuildInput& input, const std::string& folder, ProgressTracker* tracker)
      : input_(input),
        job_(*input.job),
        label_kind_(LabelKindOf(job_.loss())),
        folder_(folder),
        tracker_(tracker),
        bad_rows_(job_.data()) {}

  absl::Status Build() {
    CsvColumns columns;
    columns.text.assign(job_.data().text().begin(), job_.data().text().end());
    columns.label = job_.data().label();
    columns.label_may_be_empty = label_kind_ == LabelKind::kClasses;
    auto train = CsvInput::Open(input_.train, columns, input_.files, input_.threads);
    if (!train.ok()) return train.status();
    std::unique_ptr<CsvInput> test;
    if (!input_.test.empty()) {
      // Opened before the long work, so that a missing column is told at once.
      auto opened = CsvInput::Open(input_.test, columns, input_.files, input_.threads);
      if (!opened.ok()) return opened.status();
      test = *std::move(opened);
    }
    if (absl::Status status = Learn(**train); !status.ok()) return status;

    // The survey counted the malformed training rows already.
    BadRows counted(job_.data().on_error() == v1::ON_ERROR_SKIP, ~uint64_t{0});
    absl::Status status =
        Encode(**train, kTrainRowsFile, "encoding training rows", &counted, &train_digest_, &train_rows_);
    numbered_.reset();
    if (!status.ok()) return status;
    if (train_rows_ == 0) return absl::InvalidArgumentError("data.train holds no rows");
    if (test != nullptr) {
      status = Encode(*test, kTestRowsFile, "encoding test rows", &bad_rows_, &test_digest_, &test_rows_);
      if (!status.ok()) return status;
      if (test_rows_ == 0) return absl::InvalidArgumentError("data.test holds no rows");
    }
    return SealCacheEntry(folder_, Summary(), assets_);
  }

 private:
  // Learns labels and vocabulary from the training rows and writes them. What the survey reads of the rows is kept for
  // Encode, but for tokenizers whose tokens are not learned here.
  absl::Status Learn(const CsvInput& train) {
    const v1::TokenizerKind kind = job_.tokenizer().kind();
    std::unique_ptr<Tokenizer> tokenizer;
    if (kind == v1::TOKENIZER_KIND_IDS) {
      auto ids = TextEncoder::WithIds(job_.tokenizer());
      if (!ids.ok()) return ids.status();
      encoder_ = *std::move(ids);
    } else if (kind != v1::TOKENIZER_KIND_SENTENCEPIECE) {
      auto made = MakeTokenizer(job_.tokenizer());
      if (!made.ok()) return made.status();
      tokenizer = *std::move(made);
    }
    LabelReader labels = LabelReader::Of(job_);
    if (label_kind_ == LabelKind::kNumbers) {
      // Beyond so many malformed rows the survey fails anyway.
      const uint64_t malformed = job_.data().on_error() == v1::ON_ERROR_SKIP ? job_.data().skip_limit() : 0;
      labels = LabelReader::Of(job_, CountNumbers(train, labels, malformed));
    }
    if (tokenizer != nullptr) {
      const size_t shares = static_cast<size_t>(std::max(input_.threads, 1));
      auto numbered = NumberedRows::Create(folder_, train.pieces().size(), shares);
      if (!numbered.ok()) return numbered.status();
      numbered_ = *std::move(numbered);
    }
    const SurveyPlan plan = {&labels, tokenizer.get(), encoder_.get(), numbered_.get()};
    auto survey = SurveyRows(train, plan, input_.threads, &bad_rows_, tracker_);
    if (!survey.ok()) return survey.status();
    if (survey->rows == 0) return absl::InvalidArgumentError("data.train holds no rows");
    labels_ = std::make_unique<LabelEncoder>(labels, LabelSet::FromNames(survey->labels));
    for (const std::string& name : survey->labels) final_ids_.classes.push_back(*labels_->labels().Find(name));
    if (labels_->classes() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("no training row has a label: column \"", job_.data().label(), "\" is empty in all of them"));
    }
    absl::Status status;
    if (kind == v1::TOKENIZER_KIND_SENTENCEPIECE) {
      status = LearnPieces(train, labels, *survey);
    } else if (kind != v1::TOKENIZER_KIND_IDS) {
      status = LearnVocabulary(survey->tokens);
    }
    if (status.ok() && label_kind_ != LabelKind::kNumbers) {
      status = WriteAsset(kLabelsFile, labels_->labels().ToText());
    }
    return status;
  }

  absl::Status LearnVocabulary(const TokenCounter& tokens) {
    Vocabulary vocabulary = Vocabulary::FromCounts(tokens, RulesFor(job_.tokenizer()), &final_ids_.tokens);
    if (absl::Status status = WriteAsset(kVocabularyFile, vocabulary.ToText()); !status.ok()) return status;
    auto encoder = TextEncoder::WithVocabulary(job_.tokenizer(), std::move(vocabulary));
    if (!encoder.ok()) return encoder.status();
    encoder_ = *std::move(encoder);
    return absl::OkStatus();
  }

  absl::Status LearnPieces(const CsvInput& train, const LabelReader& labels, const Survey& survey) {
    auto sample = SampleTexts(train, labels, survey, {kSentencePieceSample, kSentencePieceLine},
                              job_.tokenizer().lower(), input_.threads, tracker_);
    if (!sample.ok()) return sample.status();
    if (absl::Status status = tracker_->Begin("training sentencepiece", 0); !status.ok()) return status;
    auto model = TrainSentencePiece(*sample, job_.tokenizer().vocabulary());
    if (!model.ok()) return model.status();
    if (absl::Status status = WriteAsset(kSentencePieceFile, *model); !status.ok()) return status;
    auto loaded = SentencePieceModel::Load(*model);
    if (!loaded.ok()) return loaded.status();
    encoder_ = TextEncoder::WithSentencePiece(job_.tokenizer(), *std::move(loaded));
    return absl::OkStatus();
  }

  absl::Status WriteAsset(const char* name, const std::string& contents) {
    assets_.push_back(name);
    HashField(name, contents, &fingerprint_);
    return WriteFileDurably(RealFiles(), absl::StrCat(folder_, "/", name), contents);
  }

  absl::Status Encode(const CsvInput& rows, const char* name, const char* stage, BadRows* bad_rows, std::string* digest,
                      uint64_t* count) {
    if (absl::Status status = tracker_->Begin(stage, rows.bytes()); !status.ok()) return status;
    auto writer = EncodedWriter::Create(absl::StrCat(folder_, "/", name), label_kind_);
    if (!writer.ok()) return writer.status();
    const auto sink = [&](const EncodedRows& encoded) { return (*writer)->Append(encoded); };
    absl::Status status = numbered_ != nullptr
                              ? RenumberRows(rows, *numbered_, final_ids_, RowRules(job_.tokenizer()), label_kind_,
                                             input_.threads, tracker_, sink)
                              : EncodeRows(rows, *encoder_, *labels_, input_.threads, bad_rows, tracker_, sink);
    if (!status.ok()) return status;
    *count = (*writer)->rows();
    status = (*writer)->Finish(encoder_->vocabulary(), labels_->classes());
    *digest = (*writer)->ContentsDigest();
    return status;
  }

  v1::DataSummary Summary() {
    HashTokenizer(job_.tokenizer(), &fingerprint_);
    HashLabelKind(job_, &fingerprint_);
    HashField(kTrainRowsFile, train_digest_, &fingerprint_);
    HashField(kTestRowsFile, test_digest_, &fingerprint_);
    const auto digest = fingerprint_.Digest();
    v1::DataSummary summary;
    summary.set_fingerprint(digest.data(), digest.size());
    summary.set_train_rows(train_rows_);
    summary.set_test_rows(test_rows_);
    summary.set_vocabulary(encoder_->vocabulary());
    summary.set_classes(labels_->classes());
    summary.set_skipped_rows(bad_rows_.lost());
    return summary;
  }

  const BuildInput& input_;
  const v1::Job& job_;
  const LabelKind label_kind_;
  const std::string& folder_;
  ProgressTracker* const tracker_;
  BadRows bad_rows_;
  std::unique_ptr<LabelEncoder> labels_;
  std::unique_ptr<TextEncoder> encoder_;
  // The training rows as the survey left them, and what makes ids of them; null where they have to be read again.
  std::unique_ptr<NumberedRows> numbered_;
  FinalIds final_ids_;
  std::vector<std::string> assets_;
  Sha256 fingerprint_;
  std::string train_digest_, test_digest_;
  uint64_t train_rows_ = 0, test_rows_ = 0;
};

}  // namespace

absl::Status BuildCacheEntry(const BuildInput& input, const std::string& folder, ProgressTracker* tracker) {
  return Builder(input, folder, tracker).Build();
}

}  // namespace pumasi
