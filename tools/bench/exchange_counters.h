// What the processes of a measurement tell the one that measures, in memory that they share: asking would disturb them.
#ifndef PUMASI_TOOLS_BENCH_EXCHANGE_COUNTERS_H_
#define PUMASI_TOOLS_BENCH_EXCHANGE_COUNTERS_H_

#include <semaphore.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pumasi {

inline constexpr uint32_t kExchangeServers = 2;
inline constexpr uint32_t kExchangeClients = 2;

// Of one process. Thread-safe.
class ExchangeCounter {
 public:
  // The process listens, or is warm. More calls do no more.
  void TellReady() {
    if (!told_.load(std::memory_order_relaxed) && !told_.exchange(true)) sem_post(&ready_);
  }
  // Whether it has told, by `timeout` from now at the latest.
  bool WaitUntilReady(absl::Duration timeout);

  // A client has had from one server what it pulls, and has pushed to it what it pushes. Bytes: of both ways.
  void AddLegs(uint64_t legs, uint64_t bytes) {
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    legs_.fetch_add(legs, std::memory_order_relaxed);
  }
  uint64_t legs() const { return legs_.load(std::memory_order_relaxed); }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  friend class ExchangeCounters;
  sem_t ready_;
  std::atomic<bool> told_;
  alignas(64) std::atomic<uint64_t> legs_;
  std::atomic<uint64_t> bytes_;
};

// Those of all processes, in a file that each of them maps. Thread-safe.
class ExchangeCounters {
 public:
  // A new file of zeros; AlreadyExists if there is one.
  static absl::StatusOr<std::unique_ptr<ExchangeCounters>> Create(const std::string& path);
  static absl::StatusOr<std::unique_ptr<ExchangeCounters>> Open(const std::string& path);
  ~ExchangeCounters();

  // REQUIRES: number < kExchangeServers, kExchangeClients.
  ExchangeCounter& server(uint32_t number) { return shared_->servers[number]; }
  ExchangeCounter& client(uint32_t number) { return shared_->clients[number]; }

 private:
  struct Shared {
    ExchangeCounter servers[kExchangeServers], clients[kExchangeClients];
  };
  explicit ExchangeCounters(Shared* shared) : shared_(shared) {}
  static absl::StatusOr<std::unique_ptr<ExchangeCounters>> Map(const std::string& path, bool create);

  Shared* const shared_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_EXCHANGE_COUNTERS_H_
