#ifndef PUMASI_WORKER_INPUT_IDS_ENCODER_H_
#define PUMASI_WORKER_INPUT_IDS_ENCODER_H_

#include "worker/input/text_encoder.h"

namespace pumasi {

// Tokenizer kind ids: the text holds the ids themselves, whole numbers below `vocabulary` with white space (ASCII)
// between them. No text at all is one padding, [0]. Also ids that max_length cuts off have to be sound.
class IdsEncoder : public TextEncoder {
 public:
  explicit IdsEncoder(const v1::Tokenizer& config)
      : vocabulary_(config.vocabulary()),
        most_(config.max_length()),
        lose_front_(config.truncate() == v1::TRUNCATE_FRONT) {}

  absl::Status Encode(std::string_view text, Scratch* scratch, std::vector<uint32_t>* ids) const override;
  uint32_t vocabulary() const override { return vocabulary_; }

 private:
  absl::Status Refuse(std::string_view token, const char* why) const;

  const uint32_t vocabulary_;
  const size_t most_;
  const bool lose_front_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_IDS_ENCODER_H_
