#ifndef PUMASI_WORKER_INPUT_WHITESPACE_TOKENIZER_H_
#define PUMASI_WORKER_INPUT_WHITESPACE_TOKENIZER_H_

#include "worker/input/byte_kernels.h"
#include "worker/input/tokenizer.h"

namespace pumasi {

// kind: whitespace. Tokens are what stands between white space (IsWhiteSpace), as Python's str.split() gives them.
class WhitespaceTokenizer : public Tokenizer {
 public:
  explicit WhitespaceTokenizer(bool lower) : lower_(lower) {}
  void Split(std::string_view text, Tokens* tokens) const override;

 private:
  const bool lower_;
  const ByteKernels& kernels_ = UsedByteKernels();
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_WHITESPACE_TOKENIZER_H_
