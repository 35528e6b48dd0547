#include "common/settings.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/exit_code.h"
#include "common/file.h"
#include "common/setting_flags.h"
#include "proto/config.pb.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

absl::StatusOr<bool> Load(std::vector<std::string> arguments, google::protobuf::Message* config) {
  arguments.insert(arguments.begin(), "pumasi-scheduler");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return LoadSettings(static_cast<int>(arguments.size()), argv.data(), "pumasi-scheduler", "Keeps the membership.",
                      "pumasi-scheduler --listen 127.0.0.1:0", config);
}

std::string ErrorOf(const std::vector<std::string>& arguments) {
  v1::SchedulerConfig config;
  const auto loaded = Load(arguments, &config);
  CHECK((loaded.ok() || ExitCodeOf(loaded.status()) == kExitBadInput));
  return std::string(loaded.status().message());
}

TEST_CASE("without flags every setting has its default") {
  v1::SchedulerConfig config;
  REQUIRE(*Load({}, &config));
  CHECK(config.listen() == "127.0.0.1:7070");
  CHECK(config.lease() == 3);
  CHECK(config.max_message() == 67108864);
  CHECK_FALSE(config.has_tls());
}

TEST_CASE("flags override the file, the file overrides defaults") {
  const TempFolder folder;
  const std::string path = folder / "scheduler.yaml";
  REQUIRE(WriteFileDurably(RealFiles(), path, "lease: 5\nname: s\ntls: {ca: a.pem}\nlog: {level: warn}\n").ok());
  v1::SchedulerConfig config;
  REQUIRE(*Load({"--lease=7", "--config", path, "--tls.key", "k.pem"}, &config));
  CHECK(config.lease() == 7);
  CHECK(config.name() == "s");
  CHECK(config.tls().ca() == "a.pem");
  CHECK(config.tls().key() == "k.pem");
  CHECK(config.log().level() == v1::LOG_LEVEL_WARN);
  CHECK(config.log().format() == v1::LOG_FORMAT_TEXT);
  CHECK(config.crash_grace() == 0.7);
}

TEST_CASE("dots, underscores and dashes in a flag's name are the same") {
  v1::SchedulerConfig config;
  REQUIRE(*Load({"--log_format=json", "--max-message", "100000", "--log.level=debug", "--output.root=/x"}, &config));
  CHECK(config.log().format() == v1::LOG_FORMAT_JSON);
  CHECK(config.log().level() == v1::LOG_LEVEL_DEBUG);
  CHECK(config.max_message() == 100000);
  CHECK(config.output_root() == "/x");
}

TEST_CASE("values are taken as they are, and the last one wins") {
  v1::SchedulerConfig config;
  REQUIRE(*Load({"--listen=[::1]:0", "--name=a=b", "--name=c=d: e", "--advertise", "--x"}, &config));
  CHECK(config.listen() == "[::1]:0");
  CHECK(config.name() == "c=d: e");
  CHECK(config.advertise() == "--x");
}

TEST_CASE("wrong flags are refused with what would be right") {
  CHECK(ErrorOf({"--lisen=x"}) == "--lisen: unknown flag; did you mean '--listen'?");
  CHECK(ErrorOf({"--tls"}).find("--tls: unknown flag; ") == 0);
  CHECK(ErrorOf({"--lease"}) == "--lease: a value is missing");
  CHECK(ErrorOf({"--lease=abc"}) == "--lease: 'abc' is not a number");
  CHECK(ErrorOf({"--lease=0"}) == "--lease: 0 is out of bounds; it must be from 0.2 to 600 s");
  CHECK(ErrorOf({"--log.level=loud"}) == "--log.level: 'loud' is not a valid value; valid: debug, info, warn, error");
  CHECK(ErrorOf({"start"}).find("'start': unexpected") == 0);
  CHECK(ErrorOf({"--"}).find("'--': unexpected") == 0);
  CHECK(ErrorOf({"--help=x"}) == "--help: takes no value");
  CHECK(ErrorOf({"--config=a", "--config=b"}) == "--config: given twice");
}

TEST_CASE("what is wrong in the file is refused with its place") {
  const TempFolder folder;
  const std::string path = folder / "scheduler.yaml";
  CHECK(ErrorOf({"--config", path}) == "--config: " + path + ": can't open: No such file or directory");
  REQUIRE(WriteFileDurably(RealFiles(), path, "name: s\nlease: 1000\n").ok());
  CHECK(ErrorOf({"--config", path}) == path + ":2:8: lease: 1000 is out of bounds; it must be from 0.2 to 600 s");
  CHECK(ErrorOf({"--config", path, "--lease=1"}).empty());
  REQUIRE(WriteFileDurably(RealFiles(), path, "leese: 1\n").ok());
  CHECK(ErrorOf({"--config", path}) == "--config: " + path + ":1:1: leese: unknown field; did you mean 'lease'?");
}

TEST_CASE("help and version end the program well") {
  v1::SchedulerConfig config;
  CHECK_FALSE(*Load({"--help"}, &config));
  CHECK_FALSE(*Load({"-h"}, &config));
  CHECK_FALSE(*Load({"--version"}, &config));
}

TEST_CASE("help tells each setting's name, values, default, bounds and meaning") {
  const std::string help = SettingFlagsHelp(SettingFlags(*v1::SchedulerConfig::descriptor()));
  CHECK(help.find("  --lease NUMBER (default 3; from 0.2 to 600 s)\n"
                  "      A node that is silent for this long is dead.\n") != std::string::npos);
  CHECK(help.find("  --log.format text|json (default text)\n") != std::string::npos);
  CHECK(help.find("  --tls.ca TEXT\n") != std::string::npos);
}

TEST_CASE("exit codes tell bad input, an unreachable cluster and failure apart") {
  CHECK(ExitCodeOf(absl::OkStatus()) == 0);
  CHECK(ExitCodeOf(absl::InternalError("x")) == 1);
  CHECK(ExitCodeOf(absl::InvalidArgumentError("x")) == 2);
  CHECK(ExitCodeOf(absl::UnavailableError("x")) == 3);
  CHECK(ExitCodeOf(absl::DeadlineExceededError("x")) == 3);
}

}  // namespace
}  // namespace pumasi
