#include "worker/input/vocabulary.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/input/line_escape.h"
#include "worker/input/token_hash.h"

namespace pumasi {
namespace {

constexpr std::string_view kPlaceholders[] = {"<pad>", "<unk>"};

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

Vocabulary::Vocabulary(uint32_t first_id, size_t tokens)
    : first_id_(first_id), slots_(std::bit_ceil(std::max<size_t>(tokens * 2, 16))) {
  tokens_.reserve(tokens);
}

Vocabulary Vocabulary::FromCounts(const TokenCounter& counts, const VocabularyRules& rules) {
  const size_t room = rules.limit > rules.first_id ? rules.limit - rules.first_id : 0;
  Vocabulary vocabulary(rules.first_id, std::min(room, counts.size() + 1));
  if (!rules.first_token.empty() && room > 0) vocabulary.Append(rules.first_token);
  for (const uint32_t index : OrderByCount(counts)) {
    if (vocabulary.tokens_.size() == room) break;
    vocabulary.Append(counts.token(index));  // false for first_token alone
  }
  return vocabulary;
}

bool Vocabulary::Append(std::string_view token) {
  const uint64_t hash = HashToken(token);
  const uint32_t tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  for (; slots_[at].id != kPaddingId; at = (at + 1) & mask) {
    if (slots_[at].tag == tag && this->token(slots_[at].id) == token) return false;
  }
  slots_[at] = {tag, size()};
  tokens_.push_back(arena_.Add(token));
  return true;
}

uint32_t Vocabulary::Find(std::string_view token) const { return FindHashed(token, HashToken(token)); }

uint32_t Vocabulary::FindHashed(std::string_view token, uint64_t hash) const {
  const uint32_t tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask; slots_[at].id != kPaddingId; at = (at + 1) & mask) {
    if (slots_[at].tag == tag && this->token(slots_[at].id) == token) return slots_[at].id;
  }
  return kPaddingId;
}

void Vocabulary::FindAll(std::span<const std::string_view> tokens, std::vector<uint32_t>* ids) const {
  constexpr size_t kBatch = 32;
  uint64_t hashes[kBatch];
  const size_t mask = slots_.size() - 1;
  for (; !tokens.empty(); tokens = tokens.subspan(std::min(kBatch, tokens.size()))) {
    const size_t count = std::min(kBatch, tokens.size());
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = HashToken(tokens[i]);
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (size_t i = 0; i < count; ++i) {
      if (const uint32_t id = slots_[hashes[i] & mask].id; id != kPaddingId)
        __builtin_prefetch(&tokens_[id - first_id_]);
    }
    for (size_t i = 0; i < count; ++i) {
      if (const uint32_t id = slots_[hashes[i] & mask].id; id != kPaddingId) {
        __builtin_prefetch(tokens_[id - first_id_].data);
      }
    }
    for (size_t i = 0; i < count; ++i) ids->push_back(FindHashed(tokens[i], hashes[i]));
  }
}

std::string Vocabulary::ToText() const {
  std::string text;
  for (uint32_t id = 0; id < first_id_; ++id) {
    text.append(kPlaceholders[id]);
    text.push_back('\n');
  }
  for (const TextArena::Place& place : tokens_) {
    AppendEscapedLine(arena_.View(place), &text);
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
    if (!vocabulary.Append(*unescaped)) {
      return absl::InvalidArgumentError(absl::StrCat("line ", line + 1, " of the vocabulary repeats a token"));
    }
  }
  return vocabulary;
}

}  // namespace pumasi
