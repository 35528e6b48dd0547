#ifndef PUMASI_WORKER_INPUT_SENTENCEPIECE_MODEL_H_
#define PUMASI_WORKER_INPUT_SENTENCEPIECE_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/input/sentencepiece_library.h"

namespace pumasi {

// At most so many rows of the training text are shown to the trainer, evenly spread over it: more cost time and memory
// and change little. (nsmc, 32,000 pieces: with 50,000 of its rows instead of all 150,000 training takes a quarter of
// the time, texts have 3 % more pieces, and naive Bayes on pieces is right as often to 0.1 %.)
inline constexpr uint64_t kSentencePieceSample = 100'000;
// At most so many bytes of a row: the trainer leaves longer lines out.
inline constexpr size_t kSentencePieceLine = 4000;

// Trains a unigram model on `lines` (UTF-8, one text a line) with at most `vocabulary` pieces, padding (id 0) and the
// unknown piece (id 1) included; fewer where the text does not yield as many. The same text gives the same model, on
// any machine with the same library. Takes seconds to minutes and cannot be interrupted. Errors: INVALID_ARGUMENT with
// the trainer's reason (for example too small a vocabulary for the characters of the text), UNAVAILABLE without the
// library.
absl::StatusOr<std::string> TrainSentencePiece(std::string_view lines, uint32_t vocabulary);

// A trained model. Immutable, so any number of threads may read.
class SentencePieceModel {
 public:
  // Takes what TrainSentencePiece returned. INVALID_ARGUMENT where it is no such model.
  static absl::StatusOr<std::unique_ptr<SentencePieceModel>> Load(std::string_view model);
  ~SentencePieceModel();

  // Number of ids: the greatest id plus one.
  uint32_t size() const { return size_; }
  // Replaces `ids` by those of the text's pieces; none for a text of white space alone.
  absl::Status Encode(std::string_view text, std::vector<int>* ids) const {
    return library_->Encode(processor_, text, ids);
  }

 private:
  SentencePieceModel(const SentencePieceLibrary* library, SentencePieceLibrary::Processor* processor)
      : library_(library), processor_(processor), size_(library->PieceCount(processor)) {}

  const SentencePieceLibrary* const library_;
  SentencePieceLibrary::Processor* const processor_;  // owned
  const uint32_t size_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_SENTENCEPIECE_MODEL_H_
