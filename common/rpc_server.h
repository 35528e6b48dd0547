// A gRPC server as all daemons run it: credentials, authorisation, limits, health and reflection in one place.
#ifndef PUMASI_COMMON_RPC_SERVER_H_
#define PUMASI_COMMON_RPC_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/address.h"
#include "proto/config.pb.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace pumasi {

struct RpcServerOptions {
  std::string listen;     // HOST:PORT, port 0 for any free one, or unix:PATH
  std::string advertise;  // see common/address.h; may be empty
  v1::Tls tls;
  // Larger messages are refused, in bytes.
  uint64_t max_message = 64 << 20;
  // Threads of handlers that hold one each; further calls of such are refused with ResourceExhausted. How many calls
  // wait without a thread is for their Parking to bound.
  int max_calls = 1024;
  // Not owned; they outlive the server.
  std::vector<grpc::Service*> services;
};

// Thread-safe.
class RpcServer {
 public:
  // Binds and serves. A unix socket's file that nobody listens on any more is replaced; one that somebody listens on is
  // AlreadyExists, as is a port in use. Health says SERVING from now on.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const RpcServerOptions& options);

  // Shuts down at once if Shutdown was not called.
  ~RpcServer();

  // The bound one, with its real port.
  const Address& address() const { return address_; }
  // What others dial.
  const Address& advertised() const { return advertised_; }

  // What the health service answers. Serving is false on the way down, so that callers go elsewhere.
  void SetServing(bool serving);

  // Takes no new calls, lets running ones end for up to `grace`, then cancels them, and returns when all have ended.
  // Handlers that wait have to look at their call's IsCancelled or deadline.
  void Shutdown(absl::Duration grace);

 private:
  RpcServer(std::unique_ptr<grpc::Server> server, Address address, Address advertised);

  const std::unique_ptr<grpc::Server> server_;
  const Address address_;
  const Address advertised_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_RPC_SERVER_H_
