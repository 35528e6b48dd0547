// What is exchanged: the rows of seed80m's batches, with or without its dense weights, and made-up gradients of them.
#ifndef PUMASI_TOOLS_BENCH_EXCHANGE_WORKLOAD_H_
#define PUMASI_TOOLS_BENCH_EXCHANGE_WORKLOAD_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/tree/gradient.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

struct ExchangeShape {
  uint32_t rows = 64;  // of text, in the part of one worker
  bool dense = false;  // the dense weights, too
  std::string optimizer = "sgd";
};

// Different batches; after the last one the first one follows.
inline constexpr uint64_t kExchangeBatches = 64;

// A job of one part a worker, its tables and the layout over `servers` (its slots dealt to them in turn). Workers have
// the incarnations 1, 2, .... Any servers may be given where the layout does not matter.
v1::Assignment MakeExchangeAssignment(const ExchangeShape& shape, const std::vector<v1::Node>& servers);

// The ids that a worker touches in each batch: ascending, each once.
using ExchangeIds = std::vector<std::shared_ptr<const std::vector<uint64_t>>>;
absl::StatusOr<ExchangeIds> MakeExchangeIds(const v1::Assignment& assignment, uint32_t worker);

// Gradients of fixed values. Those that nobody holds any more are used again: making up values is no part of an
// exchange. Thread-safe, and gradients may outlive it.
class GradientPool {
 public:
  // `most_ids`: of one gradient.
  GradientPool(std::vector<v1::TableSpec> tables, size_t most_ids);
  // REQUIRES: ids.size() <= most_ids.
  std::shared_ptr<const Gradient> Of(const std::vector<uint64_t>& ids);

 private:
  struct Free {
    std::mutex mutex;
    std::vector<std::unique_ptr<Gradient>> gradients;  // GUARDED_BY(mutex)
  };
  std::unique_ptr<Gradient> Make() const;

  const std::vector<v1::TableSpec> tables_;
  const size_t most_ids_;
  const std::shared_ptr<Free> free_ = std::make_shared<Free>();
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_EXCHANGE_WORKLOAD_H_
