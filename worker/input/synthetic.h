#ifndef PUMASI_WORKER_INPUT_SYNTHETIC_H_
#define PUMASI_WORKER_INPUT_SYNTHETIC_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/input/row_source.h"
#include "worker/input/zipf.h"

namespace pumasi {

// Made-up rows: each has `words` ids drawn Zipf(exponent) over 1 … vocabulary - 1, and the class
// (last id · 2654435761 >> 7) mod classes, so that there is something to learn. Row i depends on (seed, i) alone.
// Thread-safe.
class SyntheticRows : public RowSource {
 public:
  struct Sources {
    std::unique_ptr<RowSource> train;
    std::unique_ptr<RowSource> test;  // null where test_rows is 0
  };

  // The rows that a job asks for; test rows are numbered after the training rows. INVALID_ARGUMENT where a number is
  // outside the bounds of proto/job.proto.
  static absl::StatusOr<Sources> Make(const v1::Synthetic& config, uint64_t seed);

  uint64_t rows() const override { return rows_; }
  void Get(uint64_t row, std::vector<uint32_t>* tokens, std::vector<uint32_t>* labels) const override;

 private:
  SyntheticRows(std::shared_ptr<const Zipf> zipf, const v1::Synthetic& config, uint64_t seed, uint64_t first,
                uint64_t rows)
      : zipf_(std::move(zipf)),
        words_(config.words()),
        classes_(config.classes()),
        seed_(seed),
        first_(first),
        rows_(rows) {}

  const std::shared_ptr<const Zipf> zipf_;
  const uint32_t words_;
  const uint32_t classes_;
  const uint64_t seed_;
  const uint64_t first_;
  const uint64_t rows_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_SYNTHETIC_H_
