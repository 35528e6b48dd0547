#ifndef PUMASI_WORKER_INPUT_ENCODED_ROWS_H_
#define PUMASI_WORKER_INPUT_ENCODED_ROWS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "worker/input/label_kind.h"
#include "worker/input/row_source.h"

namespace pumasi {

// Encoded rows in memory: what one piece of a file becomes before it is written, and all that `pumasi evaluate` needs.
class EncodedRows : public RowSource {
 public:
  explicit EncodedRows(LabelKind kind = LabelKind::kClass) : kind_(kind) {}

  // Appends a row. REQUIRES: labels as the kind has them; not while another thread reads.
  void Add(std::span<const uint32_t> tokens, std::span<const uint32_t> labels) {
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    ends_.push_back(tokens_.size());
    labels_.insert(labels_.end(), labels.begin(), labels.end());
    if (kind_ == LabelKind::kClasses) label_ends_.push_back(labels_.size());
  }
  // REQUIRES: both are of one kind.
  void Append(const EncodedRows& later) {
    const uint64_t tokens_before = tokens_.size(), labels_before = labels_.size();
    tokens_.insert(tokens_.end(), later.tokens_.begin(), later.tokens_.end());
    labels_.insert(labels_.end(), later.labels_.begin(), later.labels_.end());
    for (const uint64_t end : later.ends_) ends_.push_back(tokens_before + end);
    for (const uint64_t end : later.label_ends_) label_ends_.push_back(labels_before + end);
  }

  uint64_t rows() const override { return ends_.size(); }
  void Get(uint64_t row, std::vector<uint32_t>* tokens, std::vector<uint32_t>* labels) const override {
    tokens->assign(tokens_.begin() + (row == 0 ? 0 : ends_[row - 1]), tokens_.begin() + ends_[row]);
    if (kind_ == LabelKind::kClasses) {
      labels->assign(labels_.begin() + (row == 0 ? 0 : label_ends_[row - 1]), labels_.begin() + label_ends_[row]);
    } else {
      const auto first = labels_.begin() + row * (labels_.size() / rows());
      labels->assign(first, first + labels_.size() / rows());
    }
  }

  LabelKind label_kind() const { return kind_; }
  // The ids of all rows, where each row's ids end, and the same for the rows' labels (ends only with kClasses).
  const std::vector<uint32_t>& tokens() const { return tokens_; }
  const std::vector<uint64_t>& ends() const { return ends_; }
  const std::vector<uint32_t>& labels() const { return labels_; }
  const std::vector<uint64_t>& label_ends() const { return label_ends_; }

 private:
  LabelKind kind_;
  std::vector<uint32_t> tokens_;
  std::vector<uint64_t> ends_;
  std::vector<uint32_t> labels_;
  std::vector<uint64_t> label_ends_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ENCODED_ROWS_H_
