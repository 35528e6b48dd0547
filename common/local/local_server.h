// Serves calls of processes of the same host, through memory that each of them shares with this one: what a gRPC server
// is between hosts.
#ifndef PUMASI_COMMON_LOCAL_LOCAL_SERVER_H_
#define PUMASI_COMMON_LOCAL_LOCAL_SERVER_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace pumasi {

class LocalLink;

// One call that came. Lives until nobody has it any more; a call that nobody has finished is answered with Internal.
class LocalRequest {
 public:
  LocalRequest(std::shared_ptr<LocalLink> link, uint32_t method, uint64_t call, grpc::ByteBuffer bytes,
               std::chrono::steady_clock::time_point deadline, std::shared_ptr<std::atomic<int>> open);
  ~LocalRequest();

  uint32_t method() const { return method_; }
  // Lies in the shared memory, up to Finish.
  const grpc::ByteBuffer& bytes() const { return bytes_; }
  grpc::ByteBuffer* response() { return &response_; }
  std::chrono::steady_clock::time_point deadline() const { return deadline_; }
  // The caller does not listen any more. Thread-safe.
  bool IsCancelled() const;
  // Answers with the status and, if that is OK, the response. Once, from any thread.
  void Finish(const grpc::Status& status);

 private:
  friend class LocalServer;
  const std::shared_ptr<LocalLink> link_;
  const uint32_t method_;
  const uint64_t call_;
  const std::chrono::steady_clock::time_point deadline_;
  grpc::ByteBuffer bytes_, response_;
  const std::shared_ptr<std::atomic<int>> open_;  // how many calls of this connection are not finished
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> finished_{false};
};

// Thread-safe.
class LocalServer {
 public:
  // Called in a thread of the caller's connection, one call after another: to return soon.
  using Handler = std::function<void(std::shared_ptr<LocalRequest> request)>;
  struct Options {
    // Larger requests are refused, in bytes.
    uint64_t max_message = 64 << 20;
    // Connections; calls of one connection that are not finished. More are refused.
    int max_connections = 128;
    int max_calls = 512;
  };
  static absl::StatusOr<std::unique_ptr<LocalServer>> Start(const Options& options, Handler handler);
  // Shutdown.
  ~LocalServer();

  // What a caller has to know to connect. The token is good for one connection within ten seconds: it is to be told to
  // those alone who may call.
  const std::string& name() const;
  std::string NewToken();

  // Ends all connections, and waits for their threads: two seconds where a caller does not finish its handshake.
  void Shutdown();

 private:
  class Core;
  explicit LocalServer(std::unique_ptr<Core> core);
  const std::unique_ptr<Core> core_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOCAL_LOCAL_SERVER_H_
