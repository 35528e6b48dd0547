#ifndef PUMASI_WORKER_INPUT_ENCODED_ROWS_H_
#define PUMASI_WORKER_INPUT_ENCODED_ROWS_H_

#include <cstdint>
#include <vector>

#include "worker/input/row_source.h"

namespace pumasi {

// Encoded rows in memory: what one piece of a file becomes before it is written, and all that `pumasi evaluate` needs.
class EncodedRows : public RowSource {
 public:
  // Appends a row. REQUIRES: not while another thread reads.
  void Add(const std::vector<uint32_t>& tokens, uint32_t label) {
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    ends_.push_back(tokens_.size());
    labels_.push_back(label);
  }
  void Append(const EncodedRows& later) {
    const uint64_t before = tokens_.size();
    tokens_.insert(tokens_.end(), later.tokens_.begin(), later.tokens_.end());
    labels_.insert(labels_.end(), later.labels_.begin(), later.labels_.end());
    for (const uint64_t end : later.ends_) ends_.push_back(before + end);
  }

  uint64_t rows() const override { return labels_.size(); }
  void Get(uint64_t row, std::vector<uint32_t>* tokens, uint32_t* label) const override {
    tokens->assign(tokens_.begin() + (row == 0 ? 0 : ends_[row - 1]), tokens_.begin() + ends_[row]);
    *label = labels_[row];
  }

  // The ids of all rows, where each row's ids end, and the rows' labels.
  const std::vector<uint32_t>& tokens() const { return tokens_; }
  const std::vector<uint64_t>& ends() const { return ends_; }
  const std::vector<uint32_t>& labels() const { return labels_; }

 private:
  std::vector<uint32_t> tokens_;
  std::vector<uint64_t> ends_;
  std::vector<uint32_t> labels_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ENCODED_ROWS_H_
