#include "worker/input/tokenizer.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/input/characters_tokenizer.h"
#include "worker/input/keras_tokenizer.h"
#include "worker/input/utf8.h"
#include "worker/input/whitespace_tokenizer.h"
#include "worker/input/words_tokenizer.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<Tokenizer>> MakeTokenizer(const v1::Tokenizer& config) {
  switch (config.kind()) {
    case v1::TOKENIZER_KIND_WORDS:
      return std::make_unique<WordsTokenizer>(config.lower());
    case v1::TOKENIZER_KIND_WHITESPACE:
      return std::make_unique<WhitespaceTokenizer>(config.lower());
    case v1::TOKENIZER_KIND_CHARACTERS:
      return std::make_unique<CharactersTokenizer>(config.lower());
    case v1::TOKENIZER_KIND_KERAS: {
      const std::string filters = config.has_filters() ? config.filters() : std::string(kKerasFilters);
      if (ValidUtf8Prefix(filters) < filters.size()) {
        return absl::InvalidArgumentError("tokenizer.filters is not UTF-8");
      }
      return std::make_unique<KerasTokenizer>(filters, config.lower());
    }
    default:
      return absl::InvalidArgumentError(absl::StrCat("tokenizer.kind is ", v1::TokenizerKind_Name(config.kind()),
                                                     "; words, whitespace, characters and keras split text"));
  }
}

}  // namespace pumasi
