#include "tools/bench/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pumasi {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void Die(const std::string& program, const char* why) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), why);
  std::exit(1);
}

double Seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + time.tv_usec * 1e-6; }

}  // namespace

std::string RunChild(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  // The first of two entries with one name counts.
  std::vector<std::string> all = environment;
  for (char** entry = environ; *entry != nullptr; ++entry) all.push_back(*entry);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) Die(command[0], std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child;
  const int error =
      posix_spawnp(&child, command[0].c_str(), &actions, nullptr, Pointers(command).data(), Pointers(all).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) Die(command[0], std::strerror(error));
  std::string output;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof(buffer))) != 0;) {
    if (got > 0) output.append(buffer, got);
    if (got < 0 && errno != EINTR) Die(command[0], std::strerror(errno));
  }
  close(ends[0]);
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) Die(command[0], std::strerror(errno));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) Die(command[0], "failed");
  return output;
}

double ProcessorSeconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage;
    getrusage(who, &usage);
    seconds += Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  }
  return seconds;
}

}  // namespace pumasi
