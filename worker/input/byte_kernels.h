#ifndef PUMASI_WORKER_INPUT_BYTE_KERNELS_H_
#define PUMASI_WORKER_INPUT_BYTE_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/input/token_key.h"

namespace pumasi {

class UnicodeClasses;

// The loops that look at every byte of the input, written once for each instruction set. All sets give the same
// results. Safe for any bytes; none reads outside what it is given.
struct ByteKernels {
  // Writes the places, ascending from 0, of commas, quotes, line feeds and carriage returns, and returns how many they
  // are. `places` has room for size + 16. REQUIRES: size < 2^32.
  size_t (*find_csv)(const char* bytes, size_t size, uint32_t* places);

  // How far `bytes` is sure to go on as valid UTF-8: a whole number of characters, less than the longest such length.
  // REQUIRES: three bytes can be read before `bytes` that are the end of valid UTF-8. Null: this set has no faster way
  // than one character at a time.
  size_t (*skip_valid_utf8)(const char* bytes, size_t size);

  // Writes what stands between white space (IsWhiteSpace) to `tokens`, which has room for (size + 1) / 2 and eight
  // more, and returns how many they are.
  size_t (*split_white)(const char* bytes, size_t size, std::string_view* tokens);

  // Likewise what a job with kind words takes for a word: the longest runs of letters, digits, + and #
  // (UnicodeClasses::InWord), as one finds them character after character.
  size_t (*split_words)(const char* bytes, size_t size, const UnicodeClasses& classes, std::string_view* tokens);

  // Writes `bytes` in lower case as far as that takes no more than looking at ASCII, and returns how far that is:
  // further than the first byte, unless that is one of a character that may have case. Any byte of `to` up to
  // size + 64 may be written to.
  size_t (*lower_caseless)(const char* bytes, size_t size, char* to);

  // Writes the key of each token; true if one is longer than TokenKey::kInline.
  bool (*make_keys)(const std::string_view* tokens, size_t count, TokenKey* keys);
};

// For UsedInstructionSet(). Thread-safe.
const ByteKernels& UsedByteKernels();

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_BYTE_KERNELS_H_
