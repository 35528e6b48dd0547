#include "worker/input/ids_encoder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/escape.h"

namespace pumasi {
namespace {

bool IsWhite(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

absl::Status IdsEncoder::Refuse(std::string_view token, const char* why) const {
  constexpr size_t kShown = 32;
  return absl::InvalidArgumentError(absl::StrCat("\"", EscapeControls(std::string(token.substr(0, kShown))), "\" ", why,
                                                 "; ids are from 0 to ", vocabulary_ - 1,
                                                 " (tokenizer.vocabulary: ", vocabulary_, ")"));
}

absl::Status IdsEncoder::Encode(std::string_view text, Scratch* scratch, std::vector<uint32_t>* ids) const {
  ids->clear();
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    if (IsWhite(*p)) {
      ++p;
      continue;
    }
    const char* const begin = p;
    uint64_t id = 0;
    bool digits = true;
    for (; p < end && !IsWhite(*p); ++p) {
      const auto digit = static_cast<unsigned char>(*p - '0');
      digits = digits && digit <= 9;
      // Once it is too large it stays so, however many digits follow.
      id = std::min<uint64_t>(id * 10 + digit, uint64_t{1} << 40);
    }
    const std::string_view token(begin, p - begin);
    if (!digits) return Refuse(token, "is no whole number");
    if (id >= vocabulary_) return Refuse(token, "is no id");
    ids->push_back(static_cast<uint32_t>(id));
  }
  if (ids->size() > most_) {
    const auto surplus = static_cast<ptrdiff_t>(ids->size() - most_);
    lose_front_ ? ids->erase(ids->begin(), ids->begin() + surplus) : ids->erase(ids->end() - surplus, ids->end());
  }
  if (ids->empty()) ids->push_back(kPaddingId);
  return absl::OkStatus();
}

}  // namespace pumasi
