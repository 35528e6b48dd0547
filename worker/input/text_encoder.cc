#include "worker/input/text_encoder.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/file.h"
#include "worker/input/ids_encoder.h"
#include "worker/input/lower_case.h"
#include "worker/input/row_rules.h"

namespace pumasi {
namespace {

// Larger files of a model folder are not ours.
constexpr uint64_t kMaxAssetBytes = uint64_t{64} << 30;

class VocabularyEncoder : public TextEncoder {
 public:
  VocabularyEncoder(const v1::Tokenizer& config, std::unique_ptr<Tokenizer> tokenizer, Vocabulary vocabulary)
      : rules_(config), tokenizer_(std::move(tokenizer)), vocabulary_(std::move(vocabulary)) {}

  absl::Status Encode(std::string_view text, Scratch* scratch, std::vector<uint32_t>* ids) const override {
    ids->clear();
    tokenizer_->Split(text, &scratch->tokens);
    const std::span<const std::string_view> tokens = scratch->tokens.list;
    vocabulary_.FindAll(rules_.drops_unknown() ? tokens : rules_.Cut(tokens), ids);
    rules_.Finish(ids);
    return absl::OkStatus();
  }

  // At least the unknown token's id is in use, whatever the vocabulary holds.
  uint32_t vocabulary() const override { return std::max(vocabulary_.size(), kUnknownId + 1); }

 private:
  const RowRules rules_;
  const std::unique_ptr<Tokenizer> tokenizer_;
  const Vocabulary vocabulary_;
};

class SentencePieceEncoder : public TextEncoder {
 public:
  SentencePieceEncoder(const v1::Tokenizer& config, std::unique_ptr<SentencePieceModel> model)
      : rules_(config), lower_(config.lower()), model_(std::move(model)) {}

  absl::Status Encode(std::string_view text, Scratch* scratch, std::vector<uint32_t>* ids) const override {
    ids->clear();
    if (lower_) {
      ToLower(text, &scratch->tokens.buffer);
      text = scratch->tokens.buffer;
    }
    // The library fails on no text; a row that it did refuse would be the unknown token.
    if (!model_->Encode(text, &scratch->pieces).ok()) scratch->pieces.clear();
    for (const int id : rules_.Cut(std::span<const int>(scratch->pieces))) ids->push_back(static_cast<uint32_t>(id));
    if (ids->empty()) ids->push_back(kUnknownId);
    return absl::OkStatus();
  }

  uint32_t vocabulary() const override { return std::max(model_->size(), kUnknownId + 1); }

 private:
  const RowRules rules_;
  const bool lower_;
  const std::unique_ptr<SentencePieceModel> model_;
};

absl::Status CheckConfig(const v1::Tokenizer& config) {
  if (config.max_length() == 0) return absl::InvalidArgumentError("tokenizer.max_length is 0; at least 1 token");
  return absl::OkStatus();
}

}  // namespace

VocabularyRules RulesFor(const v1::Tokenizer& config) {
  VocabularyRules rules;
  rules.limit = config.vocabulary();
  if (config.kind() == v1::TOKENIZER_KIND_KERAS) {
    rules.first_id = 1;
    rules.first_token = config.oov_token();
  }
  return rules;
}

absl::StatusOr<std::unique_ptr<TextEncoder>> TextEncoder::WithVocabulary(const v1::Tokenizer& config,
                                                                         Vocabulary vocabulary) {
  if (absl::Status status = CheckConfig(config); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer = MakeTokenizer(config);
  if (!tokenizer.ok()) return tokenizer.status();
  return std::make_unique<VocabularyEncoder>(config, *std::move(tokenizer), std::move(vocabulary));
}

std::unique_ptr<TextEncoder> TextEncoder::WithSentencePiece(const v1::Tokenizer& config,
                                                            std::unique_ptr<SentencePieceModel> model) {
  return std::make_unique<SentencePieceEncoder>(config, std::move(model));
}

absl::StatusOr<std::unique_ptr<TextEncoder>> TextEncoder::WithIds(const v1::Tokenizer& config) {
  if (absl::Status status = CheckConfig(config); !status.ok()) return status;
  if (config.vocabulary() == 0) return absl::InvalidArgumentError("tokenizer.vocabulary is 0; at least 1 id");
  return std::make_unique<IdsEncoder>(config);
}

absl::StatusOr<std::unique_ptr<TextEncoder>> TextEncoder::Open(const v1::Tokenizer& config, const std::string& folder) {
  if (config.kind() == v1::TOKENIZER_KIND_IDS) return WithIds(config);
  if (absl::Status status = CheckConfig(config); !status.ok()) return status;
  const bool pieces = config.kind() == v1::TOKENIZER_KIND_SENTENCEPIECE;
  const std::string path = absl::StrCat(folder, "/", pieces ? kSentencePieceFile : kVocabularyFile);
  absl::StatusOr<std::string> contents = ReadFile(RealFiles(), path, kMaxAssetBytes);
  if (!contents.ok()) return contents.status();
  const auto damaged = [&](const absl::Status& status) {
    // Without the library nothing can be said about the file.
    if (absl::IsUnavailable(status)) return status;
    return absl::DataLossError(absl::StrCat(path, ": ", status.message()));
  };
  if (pieces) {
    absl::StatusOr<std::unique_ptr<SentencePieceModel>> model = SentencePieceModel::Load(*contents);
    if (!model.ok()) return damaged(model.status());
    return WithSentencePiece(config, *std::move(model));
  }
  absl::StatusOr<Vocabulary> vocabulary = Vocabulary::FromText(*contents, RulesFor(config).first_id);
  if (!vocabulary.ok()) return damaged(vocabulary.status());
  return WithVocabulary(config, *std::move(vocabulary));
}

}  // namespace pumasi
