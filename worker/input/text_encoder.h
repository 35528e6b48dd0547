#ifndef PUMASI_WORKER_INPUT_TEXT_ENCODER_H_
#define PUMASI_WORKER_INPUT_TEXT_ENCODER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/input/sentencepiece_model.h"
#include "worker/input/tokenizer.h"
#include "worker/input/vocabulary.h"

namespace pumasi {

// Names of the files that a model folder needs to encode text and to name classes.
inline constexpr char kVocabularyFile[] = "vocabulary.txt";
inline constexpr char kSentencePieceFile[] = "sentencepiece.model";
inline constexpr char kLabelsFile[] = "labels.txt";

// Turns text into ids, in training, evaluation and prediction alike. Immutable, so any number of threads may encode
// with one encoder, each with its own Scratch. With kind ids the text holds the ids already (ids_encoder.h); what
// follows is about the other kinds.
//
// An unknown token becomes id 1; with kind keras it is left out unless oov_token is set. A text longer than max_length
// loses tokens where `truncate` says. No text becomes an empty row: one without any id becomes the unknown token, [1],
// or with kind keras without oov_token, which has none, one padding, [0] (Keras sees paddings alone there, too).
class TextEncoder {
 public:
  // What encoding needs room for; reuse it from text to text.
  struct Scratch {
    Tokens tokens;
    std::vector<int> pieces;
  };

  // The encoder of a trained model: reads vocabulary.txt or, with kind sentencepiece, sentencepiece.model in `folder`;
  // with kind ids nothing.
  // NOT_FOUND and the like where the file cannot be read, DATA_LOSS where it is damaged, INVALID_ARGUMENT where
  // `config` cannot be.
  static absl::StatusOr<std::unique_ptr<TextEncoder>> Open(const v1::Tokenizer& config, const std::string& folder);

  // Encoders from parts, for training.
  static absl::StatusOr<std::unique_ptr<TextEncoder>> WithVocabulary(const v1::Tokenizer& config,
                                                                     Vocabulary vocabulary);
  static std::unique_ptr<TextEncoder> WithSentencePiece(const v1::Tokenizer& config,
                                                        std::unique_ptr<SentencePieceModel> model);
  static absl::StatusOr<std::unique_ptr<TextEncoder>> WithIds(const v1::Tokenizer& config);

  virtual ~TextEncoder() = default;

  // Replaces `ids` by those of `text` (UTF-8; other bytes are safe): at least one, each below vocabulary(). Only kind
  // ids can fail: INVALID_ARGUMENT, saying which token is no id and which ids there are.
  virtual absl::Status Encode(std::string_view text, Scratch* scratch, std::vector<uint32_t>* ids) const = 0;

  // Number of ids: the greatest id plus one.
  virtual uint32_t vocabulary() const = 0;
};

// How a job's tokenizer gives out ids. Not for kinds sentencepiece and ids.
VocabularyRules RulesFor(const v1::Tokenizer& config);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TEXT_ENCODER_H_
