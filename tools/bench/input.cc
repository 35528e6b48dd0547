// What reading a CSV file, splitting its text into words and preparing it for training take, stage by stage, on one
// core, beside `wc -w` and Python's csv module on the same file, all in one run.
//
//   bazel build -c opt //tools/bench:input
//   taskset -c 0 bazel-bin/tools/bench/input [FILE.csv] [--text COLUMN] [--label COLUMN] [--kind words] [--json FILE]
//
// The file is by default the training rows of nsmc in ../shared/data. Its pages should be in memory: one turn before
// those that count warms up. Goals: at most 3 times the time of `wc -w`; a twentieth of Python's for the same work.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/bench/child_process.h"
#include "tools/bench/input_stages.h"
#include "tools/bench/measure.h"

namespace pumasi {
namespace {

constexpr int kTurns = 5;
constexpr double kWcGoal = 3, kPythonGoal = 20;

struct Piece {
  std::string name;
  std::function<void()> work;
  // The piece of Python that does the same, if one does.
  size_t python = 0;
  bool has_goal = false;
  // For a piece that tells its own time, in place of `work`.
  std::function<InputStages::Seconds()> timed_work = nullptr;
  std::vector<double> wall = {}, processor = {};

  void Run() {
    const double before = ProcessorSeconds();
    if (timed_work) {
      const InputStages::Seconds own = timed_work();
      wall.push_back(own.wall);
      processor.push_back(own.processor);
    } else {
      work();
      processor.push_back(ProcessorSeconds() - before);
    }
  }
};

// But for the first, which warmed up.
double Median(std::vector<double> values) {
  values.erase(values.begin());
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void Run(const InputArguments& arguments) {
  InputStages stages(arguments);
  enum { kWcStart, kWc, kWcBytes, kPythonSplit, kPythonCount };
  std::vector<Piece> pieces = {
      {"",
       [] {
         RunChild({"wc", "-w", "/dev/null"});
       }},
      {"wc -w, LC_ALL=C.UTF-8", [&] { stages.Wc("C.UTF-8"); }},
      {"wc -w, LC_ALL=C", [&] { stages.Wc("C"); }},
      {"Python: csv, split", nullptr, 0, false, [&] { return stages.Python(false); }},
      {"Python: csv, split, Counter", nullptr, 0, false, [&] { return stages.Python(true); }},
      {"read()", [&] { stages.Read(); }},
      {"map, touch each page", [&] { stages.Touch(); }},
      {"rows: CSV, UTF-8 checked", [&] { stages.Rows(); }},
      {"rows, split into words", [&] { stages.Split(); }, kPythonSplit, true},
      {"rows, words, counted", [&] { stages.Count(); }, kPythonCount, true},
      {"rows, words, their ids", [&] { stages.Encode(); }},
      {"prepared, nothing in the cache", [&] { stages.PrepareCold(); }},
      {"prepared, found in the cache", [&] { stages.PrepareWarm(); }},
  };
  std::vector<std::function<void()>> work;
  for (Piece& piece : pieces) work.push_back([&piece] { piece.Run(); });
  std::vector<double> seconds = MedianSeconds(work, kTurns);
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].timed_work) seconds[i] = Median(pieces[i].wall);
  }
  // wc cannot tell its own time; what its start takes is taken off.
  seconds[kWc] -= seconds[kWcStart];
  seconds[kWcBytes] -= seconds[kWcStart];

  const double megabytes = static_cast<double>(std::filesystem::file_size(arguments.file)) / 1e6;
  std::printf("%s: %.1f MB; %s: %" PRIu64 ", %" PRIu64 " different; one thread, medians of %d turns\n\n",
              arguments.file.c_str(), megabytes, arguments.kind.c_str(), stages.tokens(), stages.distinct(), kTurns);
  if (arguments.kind == "whitespace" && stages.tokens() != stages.python_tokens()) {
    Die(absl::StrCat("Python finds ", stages.python_tokens(), " words"));
  }
  Report report(
      {"stage", "ms", "processor ms", "MB/s", "times wc -w", "at most", "times faster than Python", "at least"});
  for (size_t i = kWc; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    report.Add({piece.name, Fixed(seconds[i] * 1e3, 2), Fixed(Median(piece.processor) * 1e3, 2),
                Fixed(megabytes / seconds[i], 0), Fixed(seconds[i] / seconds[kWc], 2),
                piece.has_goal ? Fixed(kWcGoal, 0) : "",
                piece.python != 0 ? Fixed(seconds[piece.python] / seconds[i], 1) : "",
                piece.python != 0 ? Fixed(kPythonGoal, 0) : ""});
  }
  report.Print();
  if (!arguments.json.empty() && !report.WriteJson(arguments.json)) Die(absl::StrCat("cannot write ", arguments.json));
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) {
  pumasi::InputArguments arguments;
  const std::pair<const char*, std::string*> options[] = {{"--text", &arguments.text},
                                                          {"--label", &arguments.label},
                                                          {"--kind", &arguments.kind},
                                                          {"--json", &arguments.json}};
  const char usage[] = "usage: input [FILE.csv] [--text COLUMN] [--label COLUMN] [--kind KIND] [--json FILE]\n";
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") == 0) {
      std::printf("%s", usage);
      return 0;
    }
    std::string* value = argv[i][0] == '-' ? nullptr : &arguments.file;
    for (const auto& [name, place] : options) {
      // No value begins with a dash: that would be an option that lost its value.
      if (std::strcmp(argv[i], name) == 0 && i + 1 < argc && argv[i + 1][0] != '-') value = place, ++i;
    }
    if (value == nullptr) {
      std::fprintf(stderr, "input: %s is no option, or lacks its value\n%s", argv[i], usage);
      return 2;
    }
    *value = argv[i];
  }
  if (arguments.file.empty()) {
    // Under `bazel run` the working folder is another.
    const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    arguments.file = absl::StrCat(workspace != nullptr ? workspace : ".", "/../shared/data/nsmc/train.csv");
    if (!std::filesystem::exists(arguments.file)) {
      std::printf("skipped: there is no %s; name a CSV file\n", arguments.file.c_str());
      return 0;
    }
  }
  pumasi::Run(arguments);
}
