// A worker of which only the exchange is left: what it pulls it computes nothing with, and what it pushes is made up.
#ifndef PUMASI_TOOLS_BENCH_EXCHANGE_WORKER_H_
#define PUMASI_TOOLS_BENCH_EXCHANGE_WORKER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "tools/bench/exchange_counters.h"
#include "tools/bench/exchange_workload.h"
#include "worker/exchange/ps_exchange.h"

namespace pumasi {

// Goes from version to version as worker/job/work_pipeline.h does: two units pull, so that one waits at the servers
// before its version is there; what is pulled goes to another thread, which builds the pushes and sends them.
class ExchangeWorker {
 public:
  // `number`: which of the assignment's workers this is. `counter` has to outlive the worker; it is told the exchanges,
  // and that the worker is ready once each batch had its turn.
  ExchangeWorker(const v1::Assignment& assignment, uint32_t number, ExchangeIds ids, std::shared_ptr<const Peers> peers,
                 ExchangeCounter& counter);
  ~ExchangeWorker();

  // Exchanges until a call fails; says which, and whom it called. Once.
  absl::Status Run();

 private:
  struct Unit {
    std::shared_ptr<PullAttempt> pull;
    std::shared_ptr<PushAttempt> push;
    size_t left = 0;  // servers that have not answered
  };
  const std::shared_ptr<const std::vector<uint64_t>>& IdsOf(uint64_t version) const {
    return ids_[version % ids_.size()];
  }
  void Pull(uint64_t version);
  void Pulled(uint64_t version, uint32_t server, const absl::Status& status);
  void Push(uint64_t version);
  void Pushed(uint64_t version, uint32_t server, const absl::Status& status, v1::PushResponse::Outcome outcome);
  // REQUIRES: mutex_ held.
  void Fail(const char* call, uint64_t version, uint32_t server, const absl::Status& status);
  // Greater than that of any earlier unit, whichever worker's.
  uint64_t TokenOf(uint64_t version) const { return 1 + version * kExchangeClients + number_; }

  const uint32_t number_;
  const ExchangeIds ids_;
  const std::shared_ptr<const Peers> peers_;
  ExchangeCounter& counter_;
  GradientPool gradients_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Unit> units_;  // GUARDED_BY(mutex_): by version
  std::deque<uint64_t> pulled_;     // GUARDED_BY(mutex_): to be pushed
  uint64_t done_ = 0;               // GUARDED_BY(mutex_)
  absl::Status failure_;            // GUARDED_BY(mutex_)

  PsExchange exchange_;  // its end waits for the calls, which use the rest
};

// The whole of a process: reads FOLDER/assignment, and exchanges until it is killed, or an error.
absl::Status RunExchangeWorker(const std::string& folder, uint32_t number);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_EXCHANGE_WORKER_H_
