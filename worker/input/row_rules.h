#ifndef PUMASI_WORKER_INPUT_ROW_RULES_H_
#define PUMASI_WORKER_INPUT_ROW_RULES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "proto/job.pb.h"
#include "worker/input/vocabulary.h"

namespace pumasi {

// What becomes of a row's tokens: which of them stay, and what an unknown or a missing one is. As TextEncoder has it.
class RowRules {
 public:
  explicit RowRules(const v1::Tokenizer& config)
      : most_(config.max_length()),
        lose_front_(config.truncate() == v1::TRUNCATE_FRONT),
        drops_unknown_(config.kind() == v1::TOKENIZER_KIND_KERAS && config.oov_token().empty()) {}

  // Those of a row's tokens that stay.
  template <typename T>
  std::span<const T> Cut(std::span<const T> tokens) const {
    if (tokens.size() <= most_) return tokens;
    return lose_front_ ? tokens.last(most_) : tokens.first(most_);
  }

  // Unknown tokens are left out before a row is cut, as Keras does it; so none may be cut before it is looked up.
  bool drops_unknown() const { return drops_unknown_; }

  // `ids` are what Vocabulary finds for a row's tokens, kPaddingId where it finds nothing; makes the row's ids of them.
  void Finish(std::vector<uint32_t>* ids) const {
    if (drops_unknown_) std::erase(*ids, kPaddingId);
    if (ids->size() > most_) {
      const auto surplus = static_cast<ptrdiff_t>(ids->size() - most_);
      lose_front_ ? ids->erase(ids->begin(), ids->begin() + surplus) : ids->erase(ids->end() - surplus, ids->end());
    }
    if (!drops_unknown_) {
      for (uint32_t& id : *ids) id = id == kPaddingId ? kUnknownId : id;
    }
    if (ids->empty()) ids->push_back(drops_unknown_ ? kPaddingId : kUnknownId);
  }

 private:
  const size_t most_;
  const bool lose_front_;
  const bool drops_unknown_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ROW_RULES_H_
