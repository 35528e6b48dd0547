// Calls to another process of the same host, through memory that both share: what a gRPC channel is between hosts.
#ifndef PUMASI_COMMON_LOCAL_LOCAL_CHANNEL_H_
#define PUMASI_COMMON_LOCAL_LOCAL_CHANNEL_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace pumasi {

class LocalLink;

// One call. To be made by std::make_shared.
struct LocalCall {
  uint32_t method = 0;
  // They have to stay until `done`. The response may lie in the shared memory: it is to be destroyed soon.
  const grpc::ByteBuffer* request = nullptr;
  grpc::ByteBuffer* response = nullptr;
  std::chrono::steady_clock::time_point deadline;
  // Called once, in the channel's thread. `no_room`: the call was served, or not, but its answer did not fit into the
  // shared memory: make it again in another way.
  std::function<void(const grpc::Status& status, bool no_room)> done;

  // Ends the call soon, with Cancelled, if it has not ended; also before it has begun. Thread-safe.
  void TryCancel();

 private:
  friend class LocalChannel;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> given_up_{false};  // the other side was told so, maybe before it heard of the call
  std::mutex mutex_;
  std::weak_ptr<LocalLink> link_;  // GUARDED_BY(mutex_): that it went over
};

// Thread-safe.
class LocalChannel {
 public:
  // Connects in the background, as ConnectLocal does. Answers larger than `max_message` are refused.
  LocalChannel(const std::string& name, const std::string& token, uint64_t max_message);
  // Ends all calls, with Unavailable. Waits for callbacks, but for one that destroys the channel itself.
  ~LocalChannel();
  // As the destructor, but waits for no callback: for who may be in one of another channel. Once, and nothing but the
  // destructor is called after it.
  void Abandon();

  enum class State { kConnecting, kOpen, kClosed };
  State state() const;

  // Sends a call. False: it can't be sent this way, not now at least, and `done` will not be called.
  bool Call(const std::shared_ptr<LocalCall>& call);

 private:
  struct Core;
  const std::shared_ptr<Core> core_;
  std::thread thread_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOCAL_LOCAL_CHANNEL_H_
