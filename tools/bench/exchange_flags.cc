#include "tools/bench/exchange_flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "common/exit_code.h"

namespace pumasi {
namespace {

// An option that lost its value would take the next option for it.
std::string NoOption(const std::string& value) {
  return value.empty() || value[0] == '-' ? "a name is missing before " + value : "";
}

}  // namespace

std::optional<int> ParseExchangeFlags(int argc, char** argv, ExchangeFlags* flags) {
  CLI::App app(
      "Measures the exchange of seed80m's rows alone: 2 servers (pumasi-server) and 2 workers that compute nothing "
      "pull "
      "the rows of a batch and push gradients of them, version by version, over unix sockets on this machine; beside "
      "it, what the same bytes take without anything done to them.",
      "exchange");
  app.add_option("--seconds", flags->seconds, "How long each piece is measured in each turn")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  app.add_option("--repeat", flags->repeat, "Turns, in each of which every piece runs once; medians of them are shown")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--rows", flags->rows, "Rows of text (50 words each) in one worker's part of a batch")
      ->delimiter(',')
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  app.add_option("--only", flags->only,
                 "Only pieces with this in their names (\"ids: sgd\"), for a look with a profiler")
      ->type_name("TEXT");
  app.add_option("--bin", flags->bin, "Folder of pumasi-server, or a build's folder of outputs (this program's build)")
      ->check(NoOption)
      ->type_name("FOLDER");
  app.add_option("--json", flags->json, "Write the table to this file, too: one JSON object a line")
      ->check(NoOption)
      ->type_name("FILE");
  ExchangeFlags::Child& child = flags->child;
  app.add_option("--as", child.role)->group("");
  app.add_option("--number", child.number)->check(CLI::Range(0, 1))->group("");
  app.add_option("--folder", child.folder)->group("");
  app.add_option("--pulled", child.bytes.pulled)->group("");
  app.add_option("--pushed", child.bytes.pushed)->group("");
  app.footer(
      "Example:\n"
      "  bazel build -c opt //server:pumasi-server //tools/bench:exchange\n"
      "  taskset -c 0,1 bazel-bin/tools/bench/exchange --seconds 3 --repeat 5 --json exchange.jsonl\n"
      "A piece takes about a second more than --seconds, and there are 8 of them for each number of rows.\n"
      "Exit codes: 0 measured (goals are shown, no more); 1 a process failed or was late; 2 wrong flags; 130 Ctrl-C.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitBadInput;
  }
  return std::nullopt;
}

std::vector<std::string> CommandOf(const ExchangeFlags::Child& child) {
  return {"/proc/self/exe",
          "--as=" + child.role,
          absl::StrCat("--number=", child.number),
          "--folder=" + child.folder,
          absl::StrCat("--pulled=", child.bytes.pulled),
          absl::StrCat("--pushed=", child.bytes.pushed)};
}

}  // namespace pumasi
