// Sums of float32 arrays over the members of a group, at every member, in the order of the job's fixed tree of parts:
// with the same parts the bits are the same for any number of members. For values whose places all members know, such
// as dense gradients; batches of rows go through Collective.
#ifndef PUMASI_WORKER_COLLECTIVE_ALLREDUCE_H_
#define PUMASI_WORKER_COLLECTIVE_ALLREDUCE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/descriptor.h"
#include "worker/collective/group.h"

namespace pumasi {

// One member's side. Not thread-safe, and works in the thread that calls: it has none of its own.
class Allreduce {
 public:
  virtual ~Allreduce() = default;

  // All members call it, with the same `floats` (> 0). `nodes`: for each node of NodesOf(own share) the values of its
  // parts, summed; none where the share is empty. `sum`: `floats` values, the sums over all parts; it may be one of
  // `nodes`, and holds anything after an error.
  //
  // Unavailable: a member is gone. DeadlineExceeded: one did not do its part within `timeout`. Both name it, or those
  // that may be it. InvalidArgument: a member has another size. After an error the group is of no more use, here or at
  // any other member, and later calls give the same error.
  virtual absl::Status Sum(const std::vector<const float*>& nodes, size_t floats, float* sum,
                           std::chrono::milliseconds timeout) = 0;

  // Bytes of values that this member has sent, or written for others to read.
  uint64_t bytes_sent() const { return bytes_sent_; }

 protected:
  uint64_t bytes_sent_ = 0;
};

// `sockets`: by member, connected to it (ConnectMesh); that of `self` is not used. InvalidArgument: the group does not
// pass CheckGroup or has no shares, or `self` is none of its members.

// Over the sockets, unix or TCP: values are received into their places and summed from there.
absl::StatusOr<std::unique_ptr<Allreduce>> StreamAllreduce(const Group& group, uint32_t self,
                                                           std::vector<Descriptor> sockets);

// Between processes of one host, through memory that each of them shares with the others, who can only read it. The
// sockets, which have to be unix sockets, hand it over and tell when a member is gone. Waits for the others' memory,
// for `timeout` at most, and names in its error who did not send it.
absl::StatusOr<std::unique_ptr<Allreduce>> SharedAllreduce(const Group& group, uint32_t self,
                                                           std::vector<Descriptor> sockets,
                                                           std::chrono::milliseconds timeout);

// What both check first.
absl::Status CheckMember(const Group& group, uint32_t self, const std::vector<Descriptor>& sockets);

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_ALLREDUCE_H_
