// What no exchange can beat: the same bytes between as many processes over unix sockets, with nothing done to them and
// nobody waiting for anybody else. Once as gRPC's unary calls, once with bare system calls.
#ifndef PUMASI_TOOLS_BENCH_EXCHANGE_LIMITS_H_
#define PUMASI_TOOLS_BENCH_EXCHANGE_LIMITS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace pumasi {

// A client's bytes from one server, and to it.
struct LegBytes {
  uint64_t pulled = 0;
  uint64_t pushed = 0;
};

// Legs after which a client is warm.
inline constexpr uint64_t kLimitWarmUp = 100;

// Each is the whole of a process: goes on until it is killed, or an error. `sockets`: paths, of all servers for a
// client. Servers tell that they listen, clients that they are warm, in FOLDER/counters.
absl::Status RunEchoServer(const std::string& folder, uint32_t number, const std::string& socket, LegBytes bytes);
absl::Status RunEchoClient(const std::string& folder, uint32_t number, const std::vector<std::string>& sockets,
                           LegBytes bytes);
absl::Status RunSocketServer(const std::string& folder, uint32_t number, const std::string& socket, LegBytes bytes);
absl::Status RunSocketClient(const std::string& folder, uint32_t number, const std::vector<std::string>& sockets,
                             LegBytes bytes);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_EXCHANGE_LIMITS_H_
