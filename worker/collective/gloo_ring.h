// Sums over the members of a group by Gloo (allreduce: {reduction: ring}), over TCP, without TLS. Gloo's exceptions end
// here: they become a Status that names members.
#ifndef PUMASI_WORKER_COLLECTIVE_GLOO_RING_H_
#define PUMASI_WORKER_COLLECTIVE_GLOO_RING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pumasi {

// All members call the same functions in the same order. After an error the ring is of no use: a new one has to be
// connected. For one thread, but for Abort and TakeBytes.
class GlooRing {
 public:
  struct Options {
    std::string host;                  // to listen on, at a port of its own; a name or an address without brackets
    std::vector<std::string> members;  // names, by rank: for messages
    size_t rank = 0;                   // which of them this one is
    absl::Duration connect_within = absl::Seconds(5);
  };
  // Gives the others what this member tells, and returns what all do, by rank. Called once, from Connect.
  using Meet = std::function<absl::StatusOr<std::vector<std::string>>(const std::string& mine)>;
  // Unavailable: somebody could not be reached. What `meet` answers, if it fails. A group of one calls it, too.
  static absl::StatusOr<std::unique_ptr<GlooRing>> Connect(const Options& options, const Meet& meet);
  ~GlooRing();

  // Gives each member a short message and returns all of them, by rank; all have to be of the same length.
  // DeadlineExceeded, naming the first member whose message did not come within `timeout`; Unavailable, naming those
  // that are gone.
  absl::StatusOr<std::vector<std::string>> Exchange(const std::string& mine, absl::Duration timeout);
  // Sums over all members, in place, in Gloo's order: the same bits at all of them.
  absl::Status Sum(float* values, size_t count, absl::Duration timeout);
  // What each member gives, by rank; `sizes` says how many bytes that are.
  absl::StatusOr<std::vector<std::string>> Gather(const std::string& mine, const std::vector<size_t>& sizes,
                                                  absl::Duration timeout);

  // Makes the call in progress, and all later ones, fail with Aborted and this message. Thread-safe.
  void Abort(const std::string& why);

  // Sent by this member, and received, since the last call; reckoned from the lengths. Thread-safe.
  struct Bytes {
    uint64_t sent = 0, received = 0;
  };
  Bytes TakeBytes() { return {sent_.exchange(0), received_.exchange(0)}; }

 private:
  struct Context;
  explicit GlooRing(const Options& options);
  // The status for an exception: who is gone, if that can be told.
  absl::Status Broken(const std::string& what);
  void Poison();

  const Options options_;
  std::unique_ptr<Context> context_;
  std::atomic<uint64_t> sent_{0}, received_{0};
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_GLOO_RING_H_
