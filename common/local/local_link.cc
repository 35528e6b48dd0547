#include "common/local/local_link.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/errno_status.h"

namespace pumasi {
namespace {

using Region = MessageMemory::Region;

// What a payload that has arrived holds on to.
struct Arrived {
  std::shared_ptr<MessageMemory> memory;
  Region& region;
};

void Release(void* arrived) {
  auto* const payload = static_cast<Arrived*>(arrived);
  payload->region.released.store(1, std::memory_order_release);
  delete payload;
}

void CopyTo(char* to, const std::vector<grpc::Slice>& slices) {
  for (const grpc::Slice& slice : slices) {
    std::memcpy(to, slice.begin(), slice.size());
    to += slice.size();
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalLink>> LocalLink::Create(Descriptor socket, std::shared_ptr<MessageMemory> sent,
                                                             std::shared_ptr<MessageMemory> received) {
  Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (wake.get() < 0) return ErrnoStatus(errno, "shared memory", "make an eventfd");
  return std::unique_ptr<LocalLink>(
      new LocalLink(std::move(socket), std::move(wake), std::move(sent), std::move(received)));
}

LocalLink::LocalLink(Descriptor socket, Descriptor wake, std::shared_ptr<MessageMemory> sent,
                     std::shared_ptr<MessageMemory> received)
    : socket_(std::move(socket)),
      wake_(std::move(wake)),
      sent_(std::move(sent)),
      received_(std::move(received)),
      writer_(sent_->ring()),
      reader_(received_->ring()) {}

std::optional<uint64_t> LocalLink::TakeRegion(uint64_t size) {
  std::erase_if(regions_, [&](uint64_t offset) {
    const bool released = sent_->region(offset).released.load(std::memory_order_acquire) != 0;
    if (released) heap_.Give(offset);
    return released;
  });
  const auto offset = heap_.Take(sizeof(Region) + size);
  if (offset.has_value()) {
    sent_->region(*offset).released.store(0, std::memory_order_relaxed);
    regions_.push_back(*offset);
  }
  return offset;
}

LocalLink::Sent LocalLink::Send(LocalEntry entry, const grpc::ByteBuffer& payload) {
  if (closed_) return Sent::kClosed;
  entry.offset = 0;
  entry.size = payload.Valid() ? payload.Length() : 0;
  if (entry.size > 0) {
    std::vector<grpc::Slice> slices;
    if (!payload.Dump(&slices).ok()) return Sent::kNoRoom;
    std::optional<uint64_t> offset;
    {
      std::lock_guard lock(mutex_);
      offset = TakeRegion(entry.size);
    }
    if (!offset.has_value()) return Sent::kNoRoom;
    entry.offset = *offset;
    CopyTo(sent_->region(*offset).payload(), slices);
  }
  if (Write(entry)) return Sent::kYes;
  // Nobody reads what this region holds.
  if (entry.size > 0) sent_->region(entry.offset).released.store(1, std::memory_order_relaxed);
  return Sent::kNoRoom;
}

bool LocalLink::Write(const LocalEntry& entry) {
  RingWriter::Wrote wrote;
  {
    std::lock_guard lock(mutex_);
    wrote = writer_.Write(entry);
  }
  if (wrote == RingWriter::Wrote::kYesWakeReader) {
    // Where the socket is full, the reader has something to wake up for; where it is closed, our reader will see it.
    const char any = 0;
    (void)send(socket_.get(), &any, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  return wrote != RingWriter::Wrote::kFull;
}

void LocalLink::Close() {
  closed_ = true;
  shutdown(socket_.get(), SHUT_RDWR);
  Wake();
}

void LocalLink::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
}

void LocalLink::DrainSocket() {
  char bytes[256];
  for (int reads = 0; reads < 64; ++reads) {  // what is left ends the next wait at once
    const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0 || (got < 0 && errno == EINTR)) continue;
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) Close();
    return;
  }
}

bool LocalLink::Wait(TimePoint until) {
  if (closed_) return false;
  if (reader_.MaySleep()) {
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd ends[] = {{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    const int ready = poll(ends, 2, static_cast<int>(std::clamp<int64_t>(left, 0, 60000)));
    reader_.Awake();
    if (ready > 0 && ends[1].revents != 0) {
      uint64_t count;
      (void)!read(wake_.get(), &count, sizeof count);
    }
    if (ready > 0 && ends[0].revents != 0) DrainSocket();
  }
  return !closed_;
}

std::optional<LocalLink::Received> LocalLink::Next() {
  Received received;
  if (closed_ || !reader_.Read(&received.entry)) {
    if (reader_.broken()) Close();
    return std::nullopt;
  }
  const LocalEntry& entry = received.entry;
  if (entry.size > 0) {
    if (!MessageMemory::Holds(entry.offset, entry.size)) {
      Close();
      return std::nullopt;
    }
    Region& region = received_->region(entry.offset);
    const grpc::Slice slice(region.payload(), entry.size, Release, new Arrived{received_, region});
    received.payload = grpc::ByteBuffer(&slice, 1);
  }
  return received;
}

}  // namespace pumasi
