// Runs one of the built programs as a user would, and catches what it says.
#ifndef PUMASI_TESTS_CLUSTER_PROGRAM_H_
#define PUMASI_TESTS_CLUSTER_PROGRAM_H_

#include <string>
#include <vector>

namespace pumasi {

struct ProgramResult {
  int code = -1;  // exit code; 128 + N if signal N ended it; -1 if it did not end within the deadline and was killed
  std::string output;
  std::string errors;
};

// Path of a program of this build, by its label's package and name: "tools/cli/pumasi".
std::string BuiltProgram(const std::string& place);
// Of a daemon: "scheduler", "server" or "worker".
std::string BuiltDaemon(const std::string& kind);

// Runs `arguments` (the first is the program's path) with `input` as standard input, for at most `seconds`.
ProgramResult Run(const std::vector<std::string>& arguments, const std::string& input = "", int seconds = 120);

// `pumasi` with these arguments.
ProgramResult Pumasi(std::vector<std::string> arguments, const std::string& input = "", int seconds = 120);

}  // namespace pumasi

#endif  // PUMASI_TESTS_CLUSTER_PROGRAM_H_
