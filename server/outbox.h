// What a server has to tell the scheduler, until it was heard.
#ifndef PUMASI_SERVER_OUTBOX_H_
#define PUMASI_SERVER_OUTBOX_H_

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/retry.h"
#include "server/hosting_effects.h"

namespace pumasi {

// Not thread-safe. Each request is told again, after pauses that grow, for as long as its refusal may pass
// (common/retry_reason.h); what comes of it otherwise is said by Told.
class Outbox {
 public:
  using Request = decltype(TellWish::request);

  // `seed`: of the pauses.
  explicit Outbox(uint64_t seed = 0) : random_(seed) {}

  // Returns the ticket.
  uint64_t Put(Request request, absl::Duration now);
  // Not to be told (again): an answer to it counts for nothing. Ok if there is none.
  void Withdraw(uint64_t ticket) { waiting_.erase(ticket); }
  void Clear() { waiting_.clear(); }
  // nullptr: withdrawn, or heard.
  const Request* Find(uint64_t ticket) const {
    const auto found = waiting_.find(ticket);
    return found == waiting_.end() ? nullptr : &found->second.request;
  }

  enum class Verdict { kUnknown, kHeard, kAgain, kRefused };
  // How a call went. kUnknown: the ticket was withdrawn. kAgain: it will be told again. kHeard and kRefused: it is
  // gone.
  Verdict Told(uint64_t ticket, const absl::Status& status, absl::Duration now);

  // Moves what is due to `out`.
  void Due(absl::Duration now, std::vector<TellWish>* out);
  absl::Duration NextDeadline() const;

 private:
  struct Waiting {
    Request request;
    absl::Duration due;
    Backoff pauses{{.first = absl::Milliseconds(50), .longest = absl::Seconds(1)}};
    bool out = false;  // being told
  };
  std::mt19937_64 random_;
  uint64_t next_ticket_ = 1;
  std::map<uint64_t, Waiting> waiting_;  // by ticket
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_OUTBOX_H_
