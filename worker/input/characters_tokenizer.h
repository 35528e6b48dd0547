#ifndef PUMASI_WORKER_INPUT_CHARACTERS_TOKENIZER_H_
#define PUMASI_WORKER_INPUT_CHARACTERS_TOKENIZER_H_

#include "worker/input/tokenizer.h"

namespace pumasi {

// kind: characters. Each code point is a token, but for white space (IsWhiteSpace).
class CharactersTokenizer : public Tokenizer {
 public:
  explicit CharactersTokenizer(bool lower) : lower_(lower) {}
  void Split(std::string_view text, Tokens* tokens) const override;

 private:
  const bool lower_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CHARACTERS_TOKENIZER_H_
