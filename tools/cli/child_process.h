// A daemon that this process started, and ends with it.
#ifndef PUMASI_TOOLS_CLI_CHILD_PROCESS_H_
#define PUMASI_TOOLS_CLI_CHILD_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pumasi {

// The kernel kills the child when the thread that started it ends, however that happens: start children in the main
// thread. Not thread-safe.
class ChildProcess {
 public:
  // `arguments[0]` is the program's path. Standard output and error go to `log_file`. The child is in a process group
  // of its own, so that Ctrl-C reaches this process alone, which then ends the child in good order. `network` is an
  // open file of the network namespace that it runs in; -1: this process's.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::string& name,
                                                             const std::vector<std::string>& arguments,
                                                             const std::string& log_file, int network = -1);
  // Kills the child if it still runs.
  ~ChildProcess();

  const std::string& name() const { return name_; }
  pid_t pid() const { return pid_; }
  bool Running();
  // "exit code 3", "signal 9": once it runs no more.
  std::string HowItEnded() const;
  void Signal(int signal);
  // Waits for the end until `deadline` (of RealClock); true if it ended.
  bool WaitUntil(absl::Duration deadline);

 private:
  ChildProcess(std::string name, pid_t pid) : name_(std::move(name)), pid_(pid) {}
  const std::string name_;
  const pid_t pid_;
  int pidfd_ = -1;
  bool running_ = true;
  int status_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_CHILD_PROCESS_H_
