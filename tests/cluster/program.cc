#include "tests/cluster/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <climits>
#include <fstream>
#include <sstream>

#include "common/clock.h"
#include "tests/common/temp_folder.h"
#include "tools/cli/child_process.h"

namespace pumasi {
namespace {

std::string Contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

std::string BuiltProgram(const std::string& place) {
  // Bazel runs tests in the root of the runfiles; daemons are looked for beside the real files.
  char real[PATH_MAX];
  if (realpath(place.c_str(), real) == nullptr) return place;
  return real;
}

std::string BuiltDaemon(const std::string& kind) {
  return BuiltProgram((kind == "worker" ? "member" : kind) + "/pumasi-" + kind);
}

ProgramResult Run(const std::vector<std::string>& arguments, const std::string& input, int seconds) {
  TempFolder folder;
  std::ofstream(folder / "in") << input;
  // The shell only redirects; $0 and $@ are the program and its arguments.
  std::vector<std::string> shell = {
      "/bin/sh",     "-c",          "in=$1; out=$2; err=$3; shift 3; exec \"$@\" <\"$in\" >\"$out\" 2>\"$err\"",
      "sh",          folder / "in", folder / "out",
      folder / "err"};
  shell.insert(shell.end(), arguments.begin(), arguments.end());
  ProgramResult result;
  auto child = ChildProcess::Start(arguments[0], shell, folder / "log");
  if (!child.ok()) {
    result.errors = std::string(child.status().message());
    return result;
  }
  if ((*child)->WaitUntil(RealClock().Now() + absl::Seconds(seconds))) {
    const std::string how = (*child)->HowItEnded();
    result.code = atoi(how.substr(how.rfind(' ') + 1).c_str()) + (how.rfind("signal", 0) == 0 ? 128 : 0);
  }
  result.output = Contents(folder / "out");
  result.errors = Contents(folder / "err");
  return result;
}

ProgramResult Pumasi(std::vector<std::string> arguments, const std::string& input, int seconds) {
  arguments.insert(arguments.begin(), BuiltProgram("tools/cli/pumasi"));
  return Run(arguments, input, seconds);
}

}  // namespace pumasi
