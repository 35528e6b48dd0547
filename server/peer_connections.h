// Connections to the other servers.
#ifndef PUMASI_SERVER_PEER_CONNECTIONS_H_
#define PUMASI_SERVER_PEER_CONNECTIONS_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "proto/parameter_server.grpc.pb.h"

namespace pumasi {

// Thread-safe.
class PeerConnections {
 public:
  using Stub = std::shared_ptr<v1::ParameterServer::StubInterface>;
  using Connect = std::function<absl::StatusOr<Stub>(const std::string& address)>;
  explicit PeerConnections(Connect connect) : connect_(std::move(connect)) {}

  // One a server, for as long as the process lives: there are few. Connects by and by.
  absl::StatusOr<Stub> At(const std::string& address) {
    std::lock_guard lock(mutex_);
    if (const auto known = stubs_.find(address); known != stubs_.end()) return known->second;
    auto stub = connect_(address);
    if (stub.ok()) stubs_[address] = *stub;
    return stub;
  }

 private:
  const Connect connect_;
  std::mutex mutex_;
  std::map<std::string, Stub> stubs_;  // GUARDED_BY(mutex_): by address
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_PEER_CONNECTIONS_H_
