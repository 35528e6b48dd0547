// All that serves slots in one process, but for its gRPC server and its membership: pumasi-server's inside, and the
// part of a worker that holds slots.
#ifndef PUMASI_SERVER_SLOT_SERVER_H_
#define PUMASI_SERVER_SLOT_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "common/local/local_server.h"
#include "proto/config.pb.h"
#include "proto/scheduler.grpc.pb.h"
#include "server/peer_connections.h"
#include "server/service.h"

namespace pumasi {

class SlotServer {
 public:
  struct Options {
    std::string node;  // its name
    std::string output_root;
    uint64_t memory_limit = 0;   // bytes; 0: none
    uint64_t max_message = 0;    // bytes
    bool shared_memory = false;  // is offered to callers of this host
    v1::Tls tls;                 // for calls to other holders of slots
  };
  // `scheduler` has to outlive it. Without shared memory that was to be had it goes on, and says so in the log.
  SlotServer(const Options& options, v1::Scheduler::StubInterface& scheduler);
  ~SlotServer();

  // To be registered at a gRPC server, which must not outlive this.
  ParameterServerService& service() { return service_; }
  // Answers what waits, drops all jobs and ends connections through memory. To be called once there are no more
  // assignments, before the gRPC server shuts down.
  void Shutdown();

 private:
  PeerConnections peers_;
  ParameterServerService service_;
  std::unique_ptr<LocalServer> local_;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SLOT_SERVER_H_
