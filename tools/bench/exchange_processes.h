// The processes of one measurement: started, watched, measured and ended together.
#ifndef PUMASI_TOOLS_BENCH_EXCHANGE_PROCESSES_H_
#define PUMASI_TOOLS_BENCH_EXCHANGE_PROCESSES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/bench/exchange_counters.h"
#include "tools/cli/child_process.h"

namespace pumasi {

// How fast the clients were, and what it took.
struct ExchangeRates {
  double exchanges = 0;       // a second: a client's with all servers counts as one
  double bytes = 0;           // a second, both ways
  double server_seconds = 0;  // of processor time an exchange, all servers together
  double client_seconds = 0;  // likewise
};

// They live in a folder of their own and end with this object. To be used from the main thread (see ChildProcess).
class ExchangeProcesses {
 public:
  static absl::StatusOr<std::unique_ptr<ExchangeProcesses>> Create();
  ~ExchangeProcesses();

  const std::string& folder() const { return folder_; }
  // FOLDER/NAME.sock.
  std::string SocketOf(const std::string& name) const;

  absl::Status StartServer(const std::string& name, std::vector<std::string> arguments) {
    return Start(name, std::move(arguments), &servers_);
  }
  absl::Status StartClient(const std::string& name, std::vector<std::string> arguments) {
    return Start(name, std::move(arguments), &clients_);
  }
  // Until all of them have told that they are ready (exchange_counters.h). DeadlineExceeded, naming one that has not.
  absl::Status WaitForServers(absl::Duration timeout);
  absl::Status WaitForClients(absl::Duration timeout);
  // An error, with the end of its log, if one has ended; Cancelled if this process was asked to end.
  absl::Status CheckAll();

  // Looks on for so long.
  absl::StatusOr<ExchangeRates> Measure(absl::Duration length);

 private:
  using Children = std::vector<std::unique_ptr<ChildProcess>>;
  struct Sample {
    absl::Duration at;
    double legs = 0, bytes = 0, server_seconds = 0, client_seconds = 0;
  };
  ExchangeProcesses() = default;
  absl::Status Start(const std::string& name, std::vector<std::string> arguments, Children* children);
  absl::Status WaitFor(ExchangeCounter& counter, const std::string& name, absl::Duration deadline);
  Sample Take() const;

  std::string folder_;
  std::unique_ptr<ExchangeCounters> counters_;
  Children servers_, clients_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_EXCHANGE_PROCESSES_H_
