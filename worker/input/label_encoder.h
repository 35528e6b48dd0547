#ifndef PUMASI_WORKER_INPUT_LABEL_ENCODER_H_
#define PUMASI_WORKER_INPUT_LABEL_ENCODER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/input/label_reader.h"
#include "worker/input/label_set.h"

namespace pumasi {

// Turns the value of the label column into what RowSource::Get gives. Immutable, so any number of threads may encode
// with one encoder, each with its own Values.
class LabelEncoder {
 public:
  // `labels` are the classes; empty for LabelKind::kNumbers.
  LabelEncoder(LabelReader reader, LabelSet labels) : reader_(std::move(reader)), labels_(std::move(labels)) {}

  // Replaces `encoded`; false where the value is malformed or names an unknown class.
  bool Encode(std::string_view value, LabelReader::Values* values, std::vector<uint32_t>* encoded) const;

  // What is wrong with a value that Encode refused, and what would be right. Empty for a sound one.
  std::string Problem(std::string_view value) const;

  LabelKind kind() const { return reader_.kind(); }
  const LabelSet& labels() const { return labels_; }
  // DataSummary.classes.
  uint32_t classes() const {
    return kind() == LabelKind::kNumbers ? reader_.numbers() : static_cast<uint32_t>(labels_.names().size());
  }

 private:
  LabelReader reader_;
  LabelSet labels_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_LABEL_ENCODER_H_
