// Frames over a stream socket, without waiting: values go from and to where they lie.
#ifndef PUMASI_WORKER_COLLECTIVE_STREAM_FRAMES_H_
#define PUMASI_WORKER_COLLECTIVE_STREAM_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/descriptor.h"
#include "common/layout/part_range.h"

namespace pumasi {

// What comes before a frame's `count` values, which take four bytes each.
struct FrameHeader {
  enum Kind : uint32_t {
    kNode = 1,    // to a chunk's owner: a node's values
    kSum = 2,     // from it: the sums
    kWaits = 3,   // the sender waits; values are the members for which
    kBroken = 4,  // it has given the group up; values are the members that it misses
  };
  uint32_t kind = 0;
  uint32_t chunk = 0;   // kNode, kSum
  uint64_t call = 0;    // the sender's, counted from 1
  uint64_t floats = 0;  // of the whole array
  uint64_t first = 0;   // place of the first value in it
  uint64_t count = 0;
  PartRange node;  // kNode, kSum

  bool operator==(const FrameHeader&) const = default;
};
static_assert(sizeof(FrameHeader) == 48);

// One end of a connection. Not thread-safe.
class StreamFrames {
 public:
  explicit StreamFrames(Descriptor socket) : socket_(std::move(socket)) {}
  // Lets what was sent arrive.
  ~StreamFrames();

  int socket() const { return socket_.get(); }

  // What a step did: something; nothing, before the socket is ready; nothing ever again.
  enum class Step { kMoved, kLater, kGone };

  // Whether a frame is on its way, and another one can't begin.
  bool sending() const { return sent_ < sizeof out_ + 4 * out_.count; }
  // REQUIRES: !sending(). `values` have to stay until it is sent.
  void Begin(const FrameHeader& header, const void* values);
  // REQUIRES: sending().
  Step Send();
  // What is left of the frame that is on its way is not sent. For where the other side takes nothing more.
  void Drop() { out_ = {}, sent_ = sizeof out_; }

  // A frame's header has come, and Take has to say where its values go.
  bool has_header() const { return got_ >= sizeof in_ && to_ == nullptr; }
  const FrameHeader& header() const { return in_; }
  // REQUIRES: has_header(), room for its values.
  void Take(void* values) { to_ = static_cast<char*>(values); }
  // All values are there. Next() begins with the next frame.
  bool has_frame() const { return to_ != nullptr && got_ == sizeof in_ + 4 * in_.count; }
  void Next() { to_ = nullptr, got_ = 0; }
  // REQUIRES: neither has_header() nor has_frame().
  Step Receive();

 private:
  const Descriptor socket_;
  FrameHeader out_, in_;
  const char* values_ = nullptr;
  char* to_ = nullptr;
  // Bytes of the frame, header included.
  size_t sent_ = sizeof(FrameHeader);
  size_t got_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_STREAM_FRAMES_H_
