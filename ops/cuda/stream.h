// Work in order on a device, and the memory that it works on.
#ifndef PUMASI_OPS_CUDA_STREAM_H_
#define PUMASI_OPS_CUDA_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pumasi::cuda {

class Event;

// A queue of copies, products and kernels on one device. All calls but Wait return before the work is done.
//
// The first error stays: error() names it, and whatever is asked for later is left out. So operators need not pass
// errors on; who waits asks once. Not thread-safe; different streams may be used by different threads.
class Stream {
 public:
  // nullptr where it fails, with the reason in *error: no driver, no such device, no memory.
  static std::unique_ptr<Stream> Open(int device, std::string* error);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Host memory has to stay as it is until the work is done, and be PinnedMemory for the copy to overlap with work.
  void CopyToDevice(const void* host, size_t bytes, void* device);
  void CopyToHost(const void* device, size_t bytes, void* host);
  void Copy(const void* from, size_t bytes, void* to);
  void Clear(void* device, size_t bytes);

  // What follows waits for what was recorded. Without a record it does not wait.
  void WaitFor(const Event& event);

  // Enqueues what `enqueue` does to this stream. From the third call with equal keys on it is replayed as one graph,
  // without calling `enqueue`: `key` has to name everything that its work depends on, pointers and sizes. Few graphs
  // are kept, the latest used.
  void Replay(const std::vector<uint64_t>& key, const std::function<void()>& enqueue);

  // Until all work is done, or a recorded event is reached. False after an error; an hour counts as one.
  bool Wait();
  bool WaitUntil(const Event& event);

  bool ok() const { return error_.empty(); }
  // "cudaMemcpyAsync: out of memory", empty if there is none.
  const std::string& error() const { return error_; }
  // Keeps the first one.
  void Fail(const std::string& error);

  int device() const { return device_; }
  // Makes this stream's device that of the calling thread, as kernels and libraries want it. Streams may be used by
  // other threads than the one that opened them.
  void MakeCurrent() const;
  // The cudaStream_t; nullptr in the emulation.
  void* native() const;
  // The cublasHandle_t of this stream; nullptr in the emulation.
  void* products();

  // The emulation's: `work` runs when the stream comes to it. Not to be called on a device.
  void Emulate(std::function<void()> work);

 private:
  friend class Event;
  struct State;

  explicit Stream(int device);

  const int device_;
  std::string error_;
  std::unique_ptr<State> state_;
};

// A point in a stream's work.
class Event {
 public:
  // `timed`: SecondsSince may be asked.
  explicit Event(bool timed = false);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void Record(Stream* stream);
  // Of the device's clock; both have been recorded, timed, and waited for. 0 in the emulation.
  double SecondsSince(const Event& earlier) const;

 private:
  friend class Stream;
  struct State;
  std::shared_ptr<State> state_;
};

// Memory of the stream's device; nullptr and Fail if there is none left, or for 0 bytes. Aligned to 256 bytes.
void* AllocateDevice(Stream* stream, size_t bytes);
void FreeDevice(void* memory);
// Host memory that the device copies from and to by itself.
void* AllocatePinned(Stream* stream, size_t bytes);
void FreePinned(void* memory);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_STREAM_H_
