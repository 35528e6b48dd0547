// A whole cluster on this machine, for the length of one command: real daemons on unix sockets.
#ifndef PUMASI_TOOLS_CLI_EMBEDDED_CLUSTER_H_
#define PUMASI_TOOLS_CLI_EMBEDDED_CLUSTER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/cli/child_process.h"

namespace pumasi {

// Where a daemon runs that is not to run right here, on a unix socket.
struct DaemonHost {
  int network = -1;                // as of ChildProcess::Start
  std::string listen;              // address, also for the others
  std::vector<std::string> flags;  // more of them: certificates
};

// Start it in the main thread (see ChildProcess). Not thread-safe.
class EmbeddedCluster {
 public:
  struct Options {
    uint32_t servers = 2;
    uint32_t workers = 2;
    uint32_t devices = 1;  // of each worker
    std::string logs;      // folder, made if it is not there
    std::string cache;     // of the workers; empty: their default
    std::string programs;  // folder of a program of the same build; empty: this program's
    std::string store;     // the scheduler's database; empty: it keeps all in memory, and its death ends its jobs
    // By a daemon's name; unset: all run here. Kept for daemons that are started later.
    std::function<absl::StatusOr<DaemonHost>(const std::string&)> host_of;
  };
  static absl::StatusOr<std::unique_ptr<EmbeddedCluster>> Start(const Options& options);
  // Ends what still runs.
  ~EmbeddedCluster();

  const std::string& scheduler_address() const { return address_; }
  // A daemon that ended by itself, with how; empty if all run. Each is told once.
  std::string Casualty();
  // A daemon by its name: "scheduler", "server-0", "worker-0", ...; nullptr if there is none.
  ChildProcess* Find(const std::string& name);
  // One worker or server more, named "worker-NUMBER" or "server-NUMBER".
  absl::Status AddWorker(uint32_t number);
  absl::Status AddServer(uint32_t number);
  // Starts a daemon that was killed once more, under the same name and address; kills it first if it runs. NotFound: no
  // such daemon.
  absl::Status Restart(const std::string& name);
  // Names of all daemons, the scheduler's first.
  std::vector<std::string> Names() const;
  bool SchedulerRuns() { return children_.front()->Running(); }
  // Asks all to end and waits; kills those that do not within some seconds.
  void Stop();

 private:
  EmbeddedCluster() = default;
  // Until the scheduler listens; an error if it ends, or takes too long.
  absl::Status WaitForScheduler(int watch, const std::string& logs);
  absl::Status StartDaemon(const std::string& program, const std::string& name, const std::vector<std::string>& flags,
                           const std::string& logs);
  struct DaemonStart {
    std::vector<std::string> arguments;
    int network;
  };
  absl::StatusOr<std::unique_ptr<ChildProcess>> Launch(const std::string& name, const DaemonStart& start) const;

  Options options_;
  std::string folder_;  // of the sockets
  std::string address_;
  std::vector<std::unique_ptr<ChildProcess>> children_;  // the scheduler first
  std::vector<DaemonStart> starts_;                      // of each child
  std::vector<bool> told_;
};

// The daemon's program: in `folder` (of this program if empty), or where a build leaves it. NotFound says where it was
// looked for.
absl::StatusOr<std::string> FindDaemon(const std::string& program, std::string folder = "");

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_EMBEDDED_CLUSTER_H_
