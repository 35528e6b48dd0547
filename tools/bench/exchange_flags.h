// What the benchmark of the exchange is asked for.
#ifndef PUMASI_TOOLS_BENCH_EXCHANGE_FLAGS_H_
#define PUMASI_TOOLS_BENCH_EXCHANGE_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/bench/exchange_limits.h"

namespace pumasi {

struct ExchangeFlags {
  double seconds = 2;
  int repeat = 5;
  std::vector<uint32_t> rows{64, 32};
  std::string only;
  std::string bin;
  std::string json;

  // Set by the benchmark itself for the processes that it starts of its own program.
  struct Child {
    std::string role;  // empty: none, this is the process that measures
    uint32_t number = 0;
    std::string folder;
    LegBytes bytes;
  };
  Child child;
};

// An exit code: all is said, and nothing is left to do.
std::optional<int> ParseExchangeFlags(int argc, char** argv, ExchangeFlags* flags);

// The command line of a child.
std::vector<std::string> CommandOf(const ExchangeFlags::Child& child);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_EXCHANGE_FLAGS_H_
