#include "common/log.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/file.h"
#include "common/log_line.h"
#include "proto/config.pb.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

const absl::Time kTime = absl::FromUnixMillis(1767323045678);

TEST_CASE("a line of text has time, level, node, fields and message") {
  CHECK(TextLine(kTime, Severity::kInfo, "server-1", {{"job", "sections-1"}, {"epoch", 2}}, "tables made") ==
        "2026-01-02T03:04:05.678Z INFO  server-1 job=sections-1 epoch=2 tables made");
  CHECK(TextLine(kTime, Severity::kError, "", {}, "x") == "2026-01-02T03:04:05.678Z ERROR x");
}

TEST_CASE("a line of JSON is one object") {
  CHECK(JsonLine(kTime, Severity::kWarn, "server-1", {{"job", "sections-1"}, {"epoch", 2}, {"loss", 0.5}},
                 "tables made") ==
        "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"warn\",\"node\":\"server-1\",\"job\":\"sections-1\","
        "\"epoch\":2,"
        "\"loss\":0.5,\"message\":\"tables made\"}");
  CHECK(JsonLine(kTime, Severity::kInfo, "", {{"loss", std::numeric_limits<double>::infinity()}}, "x")
            .find("\"loss\":\"inf\"") != std::string::npos);
}

TEST_CASE("no text of a peer makes a second line or another field") {
  const std::string evil = "x\n2026-01-02T03:04:05.678Z ERROR server-2 job=other broken";
  const std::string line = TextLine(kTime, Severity::kInfo, "n", {{"peer", "a b job=\"2\""}, {"empty", ""}}, evil);
  CHECK(line ==
        "2026-01-02T03:04:05.678Z INFO  n peer=\"a b job=\\\"2\\\"\" empty=\"\" "
        "x\\n2026-01-02T03:04:05.678Z ERROR server-2 job=other broken");
  CHECK(JsonLine(kTime, Severity::kInfo, "n", {{"peer", "\"},{\""}}, evil).find('\n') == std::string::npos);
}

TEST_CASE("settings decide file, format and least level; threads do not mix their lines") {
  const TempFolder folder;
  v1::Log settings;
  settings.set_file(folder / "log");
  settings.set_format(v1::LOG_FORMAT_JSON);
  settings.set_level(v1::LOG_LEVEL_WARN);
  REQUIRE(SetUpLogging(settings, "worker-1").ok());
  CHECK_FALSE(Logs(Severity::kInfo));
  CHECK(Logs(Severity::kError));
  Log(Severity::kInfo, "not written");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 100; ++j) Log(Severity::kWarn, std::string(200, 'x'), {{"job", "{} %s"}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto text = ReadFile(RealFiles(), folder / "log", 1 << 20);
  REQUIRE(text.ok());
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n', absl::SkipEmpty());
  CHECK(lines.size() == 400);
  for (const std::string& line : lines) {
    CHECK(line.substr(24 + 9) == "\",\"level\":\"warn\",\"node\":\"worker-1\",\"job\":\"{} %s\",\"message\":\"" +
                                     std::string(200, 'x') + "\"}");
  }
  CHECK(SetUpLogging(v1::Log(), "").ok());
}

TEST_CASE("a log file that can't be opened is refused") {
  v1::Log settings;
  settings.set_file("/proc/missing/log");
  CHECK(std::string(SetUpLogging(settings, "x").message()).find("log.file: ") == 0);
}

}  // namespace
}  // namespace pumasi
