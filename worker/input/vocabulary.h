#ifndef PUMASI_WORKER_INPUT_VOCABULARY_H_
#define PUMASI_WORKER_INPUT_VOCABULARY_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/input/token_counter.h"
#include "worker/input/token_table.h"

namespace pumasi {

// Id of padding, which is no token's id.
inline constexpr uint32_t kPaddingId = 0;
// Id of all unknown tokens (keras without oov_token has no such id).
inline constexpr uint32_t kUnknownId = 1;

// How ids are given out.
struct VocabularyRules {
  // Most ids, padding included (and the unknown token, where there is one). At least 2.
  uint32_t limit = 0;
  // The first token's id: 2, or 1 as Keras has it.
  uint32_t first_id = 2;
  // Keras' oov_token: a name that takes id first_id, before all tokens. Empty: none.
  std::string first_token;
};

// Tokens and their ids. Immutable once made, so any number of threads may read.
class Vocabulary {
 public:
  // Gives ids by falling count, ties by which token was seen first. A token equal to rules.first_token has that one's
  // id.
  // Where `ids` is given, it becomes the ids of all counted tokens, by their numbers; kPaddingId where there is none.
  static Vocabulary FromCounts(const TokenCounter& counts, const VocabularyRules& rules,
                               std::vector<uint32_t>* ids = nullptr);

  // Reads what ToText wrote. INVALID_ARGUMENT where the text cannot be such.
  static absl::StatusOr<Vocabulary> FromText(std::string_view text, uint32_t first_id);

  // One token a line; the line's number, from 0, is the id. The lines below first_id are "<pad>" and "<unk>". In tokens
  // \ is written \\, a line feed \n, a carriage return \r.
  std::string ToText() const;

  // Number of ids: the greatest id plus one.
  uint32_t size() const { return first_id_ + static_cast<uint32_t>(table_.size()); }
  uint32_t first_id() const { return first_id_; }
  // The token's id, or kPaddingId where it is not in the vocabulary.
  uint32_t Find(std::string_view token) const;
  // Appends the ids of all tokens to `ids`, in order; faster than one by one, as all of their memory is asked for
  // before any of it is needed.
  void FindAll(std::span<const std::string_view> tokens, std::vector<uint32_t>* ids) const;
  // REQUIRES: first_id() <= id < size().
  std::string_view token(uint32_t id) const { return table_.token(id - first_id_); }

 private:
  Vocabulary(uint32_t first_id, size_t tokens) : first_id_(first_id), table_(tokens) {}
  // Of TokenTable's number, or kNone.
  uint32_t IdOf(uint32_t number) const { return number == TokenTable::kNone ? kPaddingId : first_id_ + number; }
  // Appends a token unless it is there already; returns its id.
  uint32_t Append(const TokenKey& key) { return IdOf(table_.FindOrAdd(key)); }

  uint32_t first_id_;
  TokenTable table_;  // in the order of their ids
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_VOCABULARY_H_
