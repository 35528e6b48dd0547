#ifndef PUMASI_WORKER_INPUT_KERAS_TOKENIZER_H_
#define PUMASI_WORKER_INPUT_KERAS_TOKENIZER_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "worker/input/tokenizer.h"

namespace pumasi {

// The filters that Keras' Tokenizer has where none are given.
inline constexpr std::string_view kKerasFilters = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n";

// kind: keras. As keras.preprocessing.text.text_to_word_sequence: lower-cases as Python does, turns each character of
// `filters` into a space, and splits at spaces (U+0020 alone: other white space belongs to words unless filtered).
class KerasTokenizer : public Tokenizer {
 public:
  // REQUIRES: `filters` is UTF-8.
  KerasTokenizer(std::string_view filters, bool lower);
  void Split(std::string_view text, Tokens* tokens) const override;

 private:
  const bool lower_;
  // ASCII characters between words: the space and the ASCII filters.
  std::array<bool, 128> separates_ = {};
  // The other filters, ascending.
  std::vector<char32_t> wide_filters_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_KERAS_TOKENIZER_H_
