// One attempt to call a set of servers: who has answered, who is being called, who is called again when.
#ifndef PUMASI_WORKER_JOB_CALL_ROUND_H_
#define PUMASI_WORKER_JOB_CALL_ROUND_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/time/time.h"
#include "common/retry.h"

namespace pumasi {

// Not thread-safe. Servers are indices into one layout.
class CallRound {
 public:
  CallRound() = default;
  // `number` tells the round from others, `epoch` is its layout's.
  CallRound(uint64_t number, uint64_t epoch, const std::vector<uint32_t>& servers);

  uint64_t number() const { return number_; }
  uint64_t epoch() const { return epoch_; }

  // Servers to be called now, ascending; they count as being called from here on.
  std::vector<uint32_t> TakeDue(absl::Duration now);
  // When one of those that wait is due; InfiniteDuration: none waits.
  absl::Duration NextDue() const;
  // Is an answer of the server to this attempt awaited?
  bool Awaits(uint64_t number, uint32_t server) const;

  void Succeeded(uint32_t server);
  // The server will be called again after a wait, which grows with each failure; `busy`: it is well and only not there
  // yet, so the wait stays short.
  void Failed(uint32_t server, bool busy, absl::Duration now, uint64_t random_bits);
  // How often the server was called, counting a call in progress.
  uint32_t calls(uint32_t server) const;

  bool succeeded(uint32_t server) const;
  // All of them.
  bool complete() const { return succeeded_ == servers_.size(); }
  // Nobody is called any more: another layout has to come.
  void Halt() { halted_ = true; }
  bool halted() const { return halted_; }

 private:
  enum class State { kWaits, kCalled, kSucceeded };
  struct Server {
    State state = State::kWaits;
    absl::Duration due = -absl::InfiniteDuration();  // kWaits
    uint32_t calls = 0;
    Backoff busy{{.first = absl::Milliseconds(5), .longest = absl::Milliseconds(50)}};
    Backoff failed{{.first = absl::Milliseconds(50), .longest = absl::Seconds(1)}};
  };
  uint64_t number_ = 0;
  uint64_t epoch_ = 0;
  std::map<uint32_t, Server> servers_;
  size_t succeeded_ = 0;
  bool halted_ = false;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_CALL_ROUND_H_
