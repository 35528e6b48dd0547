// What one member of a StreamAllreduce knows of another one.
#ifndef PUMASI_WORKER_COLLECTIVE_STREAM_PEER_H_
#define PUMASI_WORKER_COLLECTIVE_STREAM_PEER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/descriptor.h"
#include "common/layout/part_range.h"
#include "worker/collective/socket_io.h"
#include "worker/collective/stream_frames.h"

namespace pumasi {

// Not thread-safe.
struct StreamPeer {
  explicit StreamPeer(Descriptor socket) : frames(std::move(socket)) {}

  // Forgets what was of the call before, but not whom it waits for: it may be in that call still. REQUIRES:
  // !frames.sending().
  void BeginCall();
  // Has it told something, before any values that are not on their way yet.
  void Tell(FrameHeader::Kind kind, uint64_t call, const std::vector<uint32_t>& members);
  // Begins to send the next of what was told; false: there is nothing. REQUIRES: !frames.sending().
  bool BeginTold();
  // Sends the frame that is on its way and what was told, and waits for that until `deadline`.
  void SendTold(SocketDeadline deadline);
  // Drops what was told, as the other side takes nothing more; false: values are on their way. REQUIRES:
  // frames.sending().
  bool DropTold();
  // Values of that call have come from it: what it told before is over.
  void Came(uint64_t call);
  // Drops the frame that can't be taken, and all that follows, until kBroken has come, and `named` with it; false: it
  // never does. Only for the end, since values are lost. `most`, `members`: what a frame's count may be, of values and
  // of members. REQUIRES: frames.has_header().
  bool FindLastWords(size_t most, uint32_t members);

  StreamFrames frames;
  std::vector<PartRange> nodes;  // of its share
  std::vector<uint32_t> owned;   // chunks
  // Frames of this call to it that have begun, and from it that are complete.
  size_t nodes_sent = 0, sums_sent = 0, nodes_got = 0, sums_got = 0;
  std::vector<uint32_t> named;                     // by the frame that comes, if it is kWaits or kBroken
  std::optional<std::vector<uint32_t>> waits_for;  // as it told last, until it goes on to a later call
  uint64_t told_waits = 0;                         // in that call

 private:
  struct Told {
    FrameHeader header;
    std::vector<uint32_t> members;
  };
  std::deque<Told> told_;
  bool sends_told_ = false;  // the first of them
};

// Who holds up a member that waits for `direct`, if each of `peers` (by member) waits for those that it told: those
// that told nothing. Nobody but themselves is left where all wait for one another; then it is `direct`.
std::vector<uint32_t> WhoIsSilent(const std::vector<uint32_t>& direct, uint32_t self,
                                  const std::vector<std::unique_ptr<StreamPeer>>& peers);

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_STREAM_PEER_H_
