#include "worker/input/synthetic.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/mix_bits.h"

namespace pumasi {

absl::StatusOr<SyntheticRows::Sources> SyntheticRows::Make(const v1::Synthetic& config, uint64_t seed) {
  const auto refuse = [](const char* key, auto value) {
    return absl::InvalidArgumentError(absl::StrCat("data.synthetic.", key, " is ", value, ", outside its bounds"));
  };
  if (config.rows() < 1) return refuse("rows", config.rows());
  if (config.words() < 1 || config.words() > 65536) return refuse("words", config.words());
  if (config.vocabulary() < 2 || config.vocabulary() > 1'000'000'000) return refuse("vocabulary", config.vocabulary());
  if (config.classes() < 1) return refuse("classes", config.classes());
  if (!(config.zipf() >= 0 && config.zipf() <= 10)) return refuse("zipf", config.zipf());
  const auto zipf = std::make_shared<const Zipf>(config.vocabulary() - 1, config.zipf());
  Sources sources;
  sources.train.reset(new SyntheticRows(zipf, config, seed, 0, config.rows()));
  if (config.test_rows() > 0) {
    sources.test.reset(new SyntheticRows(zipf, config, seed, config.rows(), config.test_rows()));
  }
  return sources;
}

void SyntheticRows::Get(uint64_t row, std::vector<uint32_t>* tokens, std::vector<uint32_t>* labels) const {
  const uint64_t key = MixBits(seed_, first_ + row);
  tokens->resize(words_);
  for (uint32_t i = 0; i < words_; ++i) {
    // 53 bits: all that a double below 1 can hold.
    const double uniform = static_cast<double>(MixBits(key, i) >> 11) * 0x1p-53;
    (*tokens)[i] = static_cast<uint32_t>(zipf_->Draw(uniform));
  }
  labels->assign(1, static_cast<uint32_t>((uint64_t{tokens->back()} * 2654435761u >> 7) % classes_));
}

}  // namespace pumasi
