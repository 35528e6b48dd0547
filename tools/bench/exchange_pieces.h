// The pieces of the benchmark: each starts its processes, lets them get warm, measures, and ends them.
#ifndef PUMASI_TOOLS_BENCH_EXCHANGE_PIECES_H_
#define PUMASI_TOOLS_BENCH_EXCHANGE_PIECES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/bench/exchange_limits.h"
#include "tools/bench/exchange_processes.h"
#include "tools/bench/exchange_workload.h"

namespace pumasi {

struct ExchangeResult {
  ExchangeRates rates;
  // Seconds on average that a server has its job's lock for a call: a pull's values are put together; a push is checked
  // and added to the batch; likewise, and it was the last one, so the batch is applied.
  double serve = 0, take = 0, apply = 0;
};

// Servers and workers as in training. `bin`: as of FindDaemon (tools/cli/embedded_cluster.h).
absl::StatusOr<ExchangeResult> MeasureExchange(const ExchangeShape& shape, absl::Duration length,
                                               const std::string& bin);

// How many bytes of floats a worker exchanges with each server at this shape, on average, and how many ids an exchange
// has.
struct ExchangeSize {
  LegBytes leg;
  double ids = 0;
};
absl::StatusOr<ExchangeSize> SizeOf(const ExchangeShape& shape);

// The same bytes by gRPC ("echo") or bare sockets ("socket").
absl::StatusOr<ExchangeResult> MeasureLimit(const std::string& kind, LegBytes bytes, absl::Duration length);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_EXCHANGE_PIECES_H_
