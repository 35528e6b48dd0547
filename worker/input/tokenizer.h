#ifndef PUMASI_WORKER_INPUT_TOKENIZER_H_
#define PUMASI_WORKER_INPUT_TOKENIZER_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"

namespace pumasi {

// A list of views whose room stays as large as it ever was, and whose end can be filled from outside.
class TokenList {
 public:
  void clear() { size_ = 0; }
  void emplace_back(const char* data, size_t size) {
    if (size_ == list_.size()) list_.resize(list_.size() * 2 + 16);
    list_[size_++] = std::string_view(data, size);
  }
  // Room for `most` tokens, in place of those that are there; SetSize says how many have come.
  std::string_view* Room(size_t most) {
    if (list_.size() < most) list_.resize(most);
    return list_.data();
  }
  void SetSize(size_t size) { size_ = size; }

  size_t size() const { return size_; }
  const std::string_view* begin() const { return list_.data(); }
  const std::string_view* end() const { return list_.data() + size_; }
  operator std::span<const std::string_view>() const { return {list_.data(), size_}; }

 private:
  std::vector<std::string_view> list_;
  size_t size_ = 0;
};

// The tokens of one text. Reuse one object from text to text: then splitting allocates nothing.
struct Tokens {
  // Views into `buffer` or into the text that was split: valid while both are left alone.
  TokenList list;
  std::string buffer;
};

// Splits text into tokens. Immutable, so any number of threads may split with one tokenizer, each with its own Tokens.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Replaces tokens->list by the tokens of `text`, in order. Any bytes are safe; those that are not UTF-8 are treated
  // as U+FFFD, which is neither a letter nor white space.
  virtual void Split(std::string_view text, Tokens* tokens) const = 0;
};

// The tokenizer that a job asks for. INVALID_ARGUMENT where kind is unset, is sentencepiece, whose pieces come from a
// trained model (sentencepiece_model.h), or ids, which is no text, or where keras.filters is not UTF-8.
absl::StatusOr<std::unique_ptr<Tokenizer>> MakeTokenizer(const v1::Tokenizer& config);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TOKENIZER_H_
