#ifndef PUMASI_WORKER_INPUT_WORDS_TOKENIZER_H_
#define PUMASI_WORKER_INPUT_WORDS_TOKENIZER_H_

#include "worker/input/byte_kernels.h"
#include "worker/input/tokenizer.h"

namespace pumasi {

// kind: words. Tokens are the longest runs of letters, digits, + and # (UnicodeClasses::InWord).
class WordsTokenizer : public Tokenizer {
 public:
  explicit WordsTokenizer(bool lower) : lower_(lower) {}
  void Split(std::string_view text, Tokens* tokens) const override;

 private:
  const bool lower_;
  const ByteKernels& kernels_ = UsedByteKernels();
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_WORDS_TOKENIZER_H_
