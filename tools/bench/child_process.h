// Other programs as pieces of a benchmark.
#ifndef PUMASI_TOOLS_BENCH_CHILD_PROCESS_H_
#define PUMASI_TOOLS_BENCH_CHILD_PROCESS_H_

#include <string>
#include <vector>

namespace pumasi {

// Runs `command` (its program found by PATH), with `environment` ("NAME=value") added to our own, to its end, and
// returns what it wrote to standard output. Ends the benchmark with a message where the program cannot be run or fails.
std::string RunChild(const std::vector<std::string>& command, const std::vector<std::string>& environment = {});

// Processor time, in seconds, that this process and its children that have ended took so far.
double ProcessorSeconds();

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_CHILD_PROCESS_H_
