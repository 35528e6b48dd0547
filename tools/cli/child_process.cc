#include "tools/cli/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/clock.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::string& name,
                                                                  const std::vector<std::string>& arguments,
                                                                  const std::string& log_file, int network) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) return absl::InternalError(absl::StrCat(log_file, ": ", strerror(errno)));
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    // Only calls that are safe between fork and exec.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);  // the parent died before prctl
    setpgid(0, 0);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    const int null = open("/dev/null", O_RDONLY);
    if (null >= 0) dup2(null, STDIN_FILENO);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (network >= 0 && setns(network, CLONE_NEWNET) != 0) _exit(127);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(log);
  if (pid < 0) return absl::InternalError(absl::StrCat("cannot start ", name, ": ", strerror(errno)));
  std::unique_ptr<ChildProcess> child(new ChildProcess(name, pid));
  child->pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  return child;
}

ChildProcess::~ChildProcess() {
  if (Running()) {
    Signal(SIGKILL);
    waitpid(pid_, &status_, 0);  // a killed process ends
  }
  if (pidfd_ >= 0) close(pidfd_);
}

bool ChildProcess::Running() {
  if (running_ && waitpid(pid_, &status_, WNOHANG) == pid_) running_ = false;
  return running_;
}

std::string ChildProcess::HowItEnded() const {
  return WIFSIGNALED(status_) ? absl::StrCat("signal ", WTERMSIG(status_))
                              : absl::StrCat("exit code ", WEXITSTATUS(status_));
}

void ChildProcess::Signal(int signal) {
  if (running_) kill(pid_, signal);
}

bool ChildProcess::WaitUntil(absl::Duration deadline) {
  while (Running()) {
    const absl::Duration left = deadline - RealClock().Now();
    if (left <= absl::ZeroDuration()) return false;
    pollfd ended{pidfd_, POLLIN, 0};
    // Readable once the process ended. Without a pidfd (an old kernel) this looks again every 20 ms.
    const int64_t most = pidfd_ >= 0 ? 60000 : 20;
    poll(&ended, pidfd_ >= 0 ? 1 : 0, static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(left), 1, most)));
  }
  return true;
}

}  // namespace pumasi
