#include "worker/collective/stream_frames.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace pumasi {
namespace {

using Step = StreamFrames::Step;

Step Outcome(ssize_t moved) {
  if (moved > 0) return Step::kMoved;
  if (moved < 0 && errno == EINTR) return Step::kMoved;  // to be done again
  if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Step::kLater;
  return Step::kGone;
}

}  // namespace

StreamFrames::~StreamFrames() {
  if (socket_.get() < 0) return;
  // With something unread, closing would drop what the other side has not got yet.
  shutdown(socket_.get(), SHUT_WR);
  char bytes[4096];
  for (int reads = 0; reads < 64 && recv(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT) > 0; ++reads) {
  }
}

void StreamFrames::Begin(const FrameHeader& header, const void* values) {
  out_ = header;
  values_ = static_cast<const char*>(values);
  sent_ = 0;
}

Step StreamFrames::Send() {
  iovec pieces[2];
  int count = 0;
  if (sent_ < sizeof out_) pieces[count++] = {reinterpret_cast<char*>(&out_) + sent_, sizeof out_ - sent_};
  const size_t before = sent_ < sizeof out_ ? 0 : sent_ - sizeof out_;
  if (out_.count > 0) pieces[count++] = {const_cast<char*>(values_) + before, 4 * out_.count - before};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = static_cast<size_t>(count);
  const ssize_t moved = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (moved > 0) sent_ += static_cast<size_t>(moved);
  return Outcome(moved);
}

Step StreamFrames::Receive() {
  const bool header = got_ < sizeof in_;
  char* const to = header ? reinterpret_cast<char*>(&in_) + got_ : to_ + (got_ - sizeof in_);
  const size_t size = header ? sizeof in_ - got_ : sizeof in_ + 4 * in_.count - got_;
  const ssize_t moved = recv(socket_.get(), to, size, MSG_DONTWAIT);
  if (moved > 0) got_ += static_cast<size_t>(moved);
  return Outcome(moved);
}

}  // namespace pumasi
