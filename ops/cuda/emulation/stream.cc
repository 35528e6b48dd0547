// Streams of the emulation: work is kept until somebody waits for it, so that a missing wait shows.
#include "ops/cuda/stream.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <utility>

namespace pumasi::cuda {

using Work = std::function<void()>;

struct Stream::State {
  std::deque<Work> queue;
  // While Replay records.
  std::vector<Work>* recording = nullptr;
  std::map<std::vector<uint64_t>, std::pair<int, std::vector<Work>>> graphs;

  void RunOne() {
    const Work work = std::move(queue.front());
    queue.pop_front();
    work();
  }
  void Drain() {
    while (!queue.empty()) RunOne();
  }
};

namespace {

// Streams of this thread: freeing memory waits for their work, as it does on a device.
thread_local std::vector<Stream*> streams;

}  // namespace

struct Event::State {
  Stream::State* stream = nullptr;
  uint64_t recorded = 0;
  uint64_t reached = 0;

  void Reach(uint64_t number) {
    while (reached < number) stream->RunOne();
  }
};

std::unique_ptr<Stream> Stream::Open(int device, std::string* error) {
  if (device == 0) return std::unique_ptr<Stream>(new Stream(device));
  *error = "the emulation has device 0 only";
  return nullptr;
}

Stream::Stream(int device) : device_(device), state_(std::make_unique<State>()) { streams.push_back(this); }

Stream::~Stream() {
  state_->Drain();
  streams.erase(std::remove(streams.begin(), streams.end(), this), streams.end());
}

void Stream::Emulate(std::function<void()> work) {
  if (state_->recording != nullptr) {
    state_->recording->push_back(std::move(work));
  } else {
    state_->queue.push_back(std::move(work));
  }
}

void Stream::CopyToDevice(const void* host, size_t bytes, void* device) { Copy(host, bytes, device); }
void Stream::CopyToHost(const void* device, size_t bytes, void* host) { Copy(device, bytes, host); }

void Stream::Copy(const void* from, size_t bytes, void* to) {
  if (bytes == 0) return;
  Emulate([=] { std::memmove(to, from, bytes); });
}

void Stream::Clear(void* device, size_t bytes) {
  if (bytes == 0) return;
  Emulate([=] { std::memset(device, 0, bytes); });
}

void Stream::WaitFor(const Event& event) {
  Emulate([state = event.state_, wanted = event.state_->recorded] { state->Reach(wanted); });
}

void Stream::Replay(const std::vector<uint64_t>& key, const std::function<void()>& enqueue) {
  auto& [calls, recorded] = state_->graphs[key];
  if (++calls <= 2) {
    enqueue();
    return;
  }
  if (recorded.empty()) {
    state_->recording = &recorded;
    enqueue();
    state_->recording = nullptr;
  }
  state_->queue.insert(state_->queue.end(), recorded.begin(), recorded.end());
}

bool Stream::Wait() {
  state_->Drain();
  return ok();
}

bool Stream::WaitUntil(const Event& event) {
  event.state_->Reach(event.state_->recorded);
  return ok();
}

void Stream::Fail(const std::string& error) {
  if (error_.empty()) error_ = error;
}

void Stream::MakeCurrent() const {}
void* Stream::native() const { return nullptr; }
void* Stream::products() { return nullptr; }

Event::Event(bool timed) : state_(std::make_shared<State>()) {}
Event::~Event() = default;

void Event::Record(Stream* stream) {
  state_->stream = stream->state_.get();
  stream->Emulate([state = state_, number = ++state_->recorded] { state->reached = number; });
}

double Event::SecondsSince(const Event& earlier) const { return 0; }

void* AllocateDevice(Stream* stream, size_t bytes) {
  if (bytes == 0) return nullptr;
  constexpr size_t kAlignment = 256;
  const size_t whole = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* const memory = std::aligned_alloc(kAlignment, whole);
  if (memory == nullptr) {
    stream->Fail("no memory");
    return nullptr;
  }
  // NaNs, so that a value that is read before it is written spreads.
  std::memset(memory, 0xff, whole);
  return memory;
}

void FreeDevice(void* memory) {
  if (memory == nullptr) return;
  for (Stream* stream : streams) stream->Wait();
  std::free(memory);
}

void* AllocatePinned(Stream* stream, size_t bytes) { return AllocateDevice(stream, bytes); }
void FreePinned(void* memory) { FreeDevice(memory); }

}  // namespace pumasi::cuda
