#include "worker/input/vocabulary.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/input/byte_kernels.h"
#include "worker/input/line_escape.h"

namespace pumasi {
namespace {

constexpr std::string_view kPlaceholders[] = {"<pad>", "<unk>"};

// Memory is asked for so many tokens before it is needed.
constexpr size_t kAhead = 16;

// Tokens by falling count, ties by which was seen first. Nearly all counts of a text are small: those are put into a
// bucket for each count, in the order of first sight; the few large ones are sorted.
std::vector<uint32_t> OrderByCount(const TokenCounter& counts) {
  constexpr uint64_t kLarge = 1024;
  std::vector<uint32_t> large;
  size_t place[kLarge + 1] = {};  // where the bucket of a count begins
  for (size_t i = 0; i < counts.size(); ++i) {
    const uint64_t count = std::min(counts.count(i), kLarge);
    ++place[count - 1];
    if (count == kLarge) large.push_back(static_cast<uint32_t>(i));
  }
  for (size_t count = kLarge; count-- > 0;) place[count] += place[count + 1];
  std::stable_sort(large.begin(), large.end(),
                   [&](uint32_t a, uint32_t b) { return counts.count(a) > counts.count(b); });
  std::vector<uint32_t> order(counts.size());
  std::copy(large.begin(), large.end(), order.begin());
  for (size_t i = 0; i < counts.size(); ++i) {
    if (const uint64_t count = counts.count(i); count < kLarge) order[place[count]++] = static_cast<uint32_t>(i);
  }
  return order;
}

}  // namespace

Vocabulary Vocabulary::FromCounts(const TokenCounter& counts, const VocabularyRules& rules,
                                  std::vector<uint32_t>* ids) {
  if (ids != nullptr) ids->assign(counts.size(), kPaddingId);
  const size_t room = rules.limit > rules.first_id ? rules.limit - rules.first_id : 0;
  Vocabulary vocabulary(rules.first_id, std::min(room, counts.size() + 1));
  const TokenTable& from = counts.table();
  if (!rules.first_token.empty() && room > 0) {
    const TokenKey key = TokenKey::Of(rules.first_token);
    const uint32_t id = vocabulary.Append(key), number = from.Find(key);
    if (ids != nullptr && number != TokenTable::kNone) (*ids)[number] = id;
  }
  const std::vector<uint32_t> order = OrderByCount(counts);
  for (size_t i = 0; i < order.size() && vocabulary.table_.size() < room; ++i) {
    // Where the token is, then where it goes.
    if (i + 2 * kAhead < order.size()) __builtin_prefetch(&from.entry(order[i + 2 * kAhead]));
    if (i + kAhead < order.size()) vocabulary.table_.PrefetchSlot(TokenTable::KeyOf(from.entry(order[i + kAhead])));
    const uint32_t id = vocabulary.Append(TokenTable::KeyOf(from.entry(order[i])));
    if (ids != nullptr) (*ids)[order[i]] = id;
  }
  return vocabulary;
}

uint32_t Vocabulary::Find(std::string_view token) const { return IdOf(table_.Find(TokenKey::Of(token))); }

void Vocabulary::FindAll(std::span<const std::string_view> tokens, std::vector<uint32_t>* ids) const {
  constexpr size_t kBatch = 32;
  TokenKey keys[kBatch];
  uint32_t guesses[kBatch];
  const auto make_keys = UsedByteKernels().make_keys;
  for (; !tokens.empty(); tokens = tokens.subspan(std::min(kBatch, tokens.size()))) {
    const size_t count = std::min(kBatch, tokens.size());
    make_keys(tokens.data(), count, keys);
    for (size_t i = 0; i < count; ++i) table_.PrefetchSlot(keys[i]);
    for (size_t i = 0; i < count; ++i) guesses[i] = table_.Guess(keys[i]);
    for (size_t i = 0; i < count; ++i) ids->push_back(IdOf(table_.Find(keys[i], guesses[i])));
  }
}

std::string Vocabulary::ToText() const {
  std::string text;
  for (uint32_t id = 0; id < first_id_; ++id) {
    text.append(kPlaceholders[id]);
    text.push_back('\n');
  }
  for (size_t i = 0; i < table_.size(); ++i) {
    AppendEscapedLine(table_.token(i), &text);
    text.push_back('\n');
  }
  return text;
}

absl::StatusOr<Vocabulary> Vocabulary::FromText(std::string_view text, uint32_t first_id) {
  const size_t lines = std::count(text.begin(), text.end(), '\n');
  if (!text.empty() && text.back() != '\n') return absl::InvalidArgumentError("the last line of the vocabulary is cut");
  if (lines < first_id) return absl::InvalidArgumentError("the vocabulary lacks its first lines");
  Vocabulary vocabulary(first_id, lines - first_id);
  for (size_t line = 0; line < lines; ++line) {
    const size_t length = text.find('\n');
    const std::string_view token = text.substr(0, length);
    text.remove_prefix(length + 1);
    if (line < first_id) {
      if (token == kPlaceholders[line]) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line + 1, " of the vocabulary is not ", std::string(kPlaceholders[line])));
    }
    const std::optional<std::string> unescaped = UnescapeLine(token);
    if (!unescaped.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", line + 1, " of the vocabulary holds an unknown escape"));
    }
    if (vocabulary.Append(TokenKey::Of(*unescaped)) != line) {
      return absl::InvalidArgumentError(absl::StrCat("line ", line + 1, " of the vocabulary repeats a token"));
    }
  }
  return vocabulary;
}

}  // namespace pumasi
