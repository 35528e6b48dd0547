// Parameter-server exchange: carries what units pull and push, to and from the servers of one layout. Which calls are
// made, and made again, is decided elsewhere (worker/job/work_core.h).
#ifndef PUMASI_WORKER_EXCHANGE_PS_EXCHANGE_H_
#define PUMASI_WORKER_EXCHANGE_PS_EXCHANGE_H_

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/layout/part_range.h"
#include "common/rpc/calls_in_flight.h"
#include "worker/exchange/router.h"

namespace pumasi {

class ServerLink;

// The servers of one layout, in its order. Does not change.
struct Peers {
  Router router;
  std::vector<std::shared_ptr<ServerLink>> links;

  // How many of a call's bytes travel: none to slots of this process.
  uint64_t Moved(uint32_t server, uint64_t bytes) const;
};

// What the attempts of one job share. Thread-safe. Its end waits for all calls' callbacks.
class PsExchange {
 public:
  struct Options {
    std::string job_id;
    uint64_t incarnation = 0;
    std::chrono::milliseconds call_timeout{5000};
  };
  explicit PsExchange(const Options& options) : options_(options) {}

  // Ends calls in progress; none begins any more, and those that would have begun do not call back.
  void Cancel() { calls_.CancelAll(); }

  // Bytes of the messages sent and received, since the last call of TakeBytes; without those to this process itself.
  struct Bytes {
    uint64_t pulled = 0;
    uint64_t pushed = 0;
  };
  Bytes TakeBytes() { return {pulled_.exchange(0), pushed_.exchange(0)}; }

 private:
  friend class PullAttempt;
  friend class PushAttempt;
  void FillHeader(const Peers& peers, uint64_t lease_token, v1::CallHeader* header) const;

  const Options options_;
  std::atomic<uint64_t> pulled_{0}, pushed_{0};
  CallsInFlight calls_;
};

// One attempt to pull a unit's parameters. To be made by std::make_shared: calls in progress keep it alive. One call to
// a server at a time; otherwise thread-safe.
class PullAttempt : public std::enable_shared_from_this<PullAttempt> {
 public:
  // `ids`: ascending; have to stay as long as the attempt. `lane`: its own values (v1::PullRequest).
  PullAttempt(PsExchange& exchange, std::shared_ptr<const Peers> peers, uint64_t lease_token,
              std::shared_ptr<const std::vector<uint64_t>> ids, std::optional<uint32_t> lane = std::nullopt);

  using Done = std::function<void(uint32_t server, const absl::Status& status)>;
  // Asks the servers for their parts; not after Cancel. `done` comes once for each, from any thread, when the part is
  // in its place or the call failed.
  void Call(uint64_t version, uint32_t staleness, const std::vector<uint32_t>& servers, const Done& done);
  void Cancel();
  // What was pulled. REQUIRES: all holders have answered.
  PulledParameters Take() { return std::move(parameters_); }
  // Where the server's time went. REQUIRES: it has answered.
  const v1::ServedTime& served(uint32_t server) const { return served_[server]; }

 private:
  void Prepare();
  // An answer's values to their places.
  absl::Status Take(const grpc::ByteBuffer& bytes, uint32_t server);

  PsExchange& exchange_;
  const std::shared_ptr<const Peers> peers_;
  const uint64_t lease_token_;
  const std::shared_ptr<const std::vector<uint64_t>> ids_;
  const std::optional<uint32_t> lane_;
  std::atomic<bool> cancelled_{false};
  bool prepared_ = false;
  Router::Positions positions_;
  std::vector<v1::PullRequest> requests_;  // by server
  std::vector<v1::ServedTime> served_;     // likewise
  PulledParameters parameters_;
};

// One attempt to push a unit's gradient. As PullAttempt, but Call is for one thread at a time.
class PushAttempt : public std::enable_shared_from_this<PushAttempt> {
 public:
  struct Payload {
    uint64_t version = 0;
    PartRange parts;
    uint64_t lease_token = 0;
    google::protobuf::RepeatedPtrField<v1::RateChange> rate_changes;
    std::shared_ptr<const Gradient> gradient;
  };
  PushAttempt(PsExchange& exchange, std::shared_ptr<const Peers> peers, Payload payload);

  using Done = std::function<void(uint32_t server, const absl::Status& status, v1::PushResponse::Outcome outcome)>;
  // Builds the servers' messages, one after another, and sends each once it is built; `sent` is called right before,
  // for each that is sent.
  void Call(const std::vector<uint32_t>& servers, const std::function<void(uint32_t server)>& sent, const Done& done);
  void Cancel();

 private:
  // The message for a server.
  grpc::ByteBuffer Build(uint32_t server) const;

  PsExchange& exchange_;
  const std::shared_ptr<const Peers> peers_;
  const Payload payload_;
  std::atomic<bool> cancelled_{false};
  Router::Positions positions_;             // empty before the first Call
  std::vector<grpc::ByteBuffer> requests_;  // by server; those that were built and not acknowledged
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_EXCHANGE_PS_EXCHANGE_H_
