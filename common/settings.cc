#include "common/settings.h"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/escape.h"
#include "common/field_rules.h"
#include "common/file.h"
#include "common/set_field.h"
#include "common/setting_flags.h"
#include "common/source_map.h"
#include "common/version.h"
#include "common/yaml_message.h"

namespace pumasi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

struct CommandLine {
  bool help = false;
  bool version = false;
  std::string config_file;
  bool has_config_file = false;
  std::vector<std::pair<std::string, std::string>> settings;  // path, value
};

absl::StatusOr<CommandLine> ParseArguments(int argc, char** argv, const std::vector<SettingFlag>& flags) {
  CommandLine line;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (argument == "-h") argument = "--help";
    if (!absl::ConsumePrefix(&argument, "--") || argument.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", EscapeControls(argv[i]), "': unexpected; settings are given as --NAME VALUE, see --help"));
    }
    const size_t equals = argument.find('=');
    const bool has_value = equals != absl::string_view::npos;
    const absl::string_view name = argument.substr(0, equals);
    if (name == "help" || name == "version") {
      if (has_value) return absl::InvalidArgumentError(absl::StrCat("--", name, ": takes no value"));
      (name == "help" ? line.help : line.version) = true;
      continue;
    }
    SettingFlag flag = {"config", nullptr};
    if (name != "config") {
      const auto found = FindSettingFlag(flags, name, {"--config", "--help", "--version"});
      if (!found.ok()) return found.status();
      flag = *found;
    }
    std::string value;
    if (has_value) {
      value = std::string(argument.substr(equals + 1));
    } else if (flag.field != nullptr && flag.field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
      value = "true";
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      return absl::InvalidArgumentError(absl::StrCat("--", name, ": a value is missing"));
    }
    if (flag.field != nullptr) {
      line.settings.emplace_back(flag.path, value);
    } else if (std::exchange(line.has_config_file, true)) {
      return absl::InvalidArgumentError("--config: given twice");
    } else {
      line.config_file = value;
    }
  }
  return line;
}

std::string HelpText(const char* program, const char* summary, const char* example,
                     const std::vector<SettingFlag>& flags) {
  return absl::StrCat(program, ": ", summary, "\n\nUsage: ", program, " [--config FILE] [--NAME VALUE]...\n",
                      "Example: ", example,
                      "\n\n"
                      "  --config FILE\n"
                      "      YAML file with the settings below, nested at their dots; flags override it.\n"
                      "  --help\n"
                      "  --version\n\n"
                      "Settings:\n",
                      SettingFlagsHelp(flags));
}

}  // namespace

absl::StatusOr<bool> LoadSettings(int argc, char** argv, const char* program, const char* summary, const char* example,
                                  Message* config) {
  const std::vector<SettingFlag> flags = SettingFlags(*config->GetDescriptor());
  const auto line = ParseArguments(argc, argv, flags);
  if (!line.ok()) return line.status();
  if (line->help || line->version) {
    const std::string text =
        line->help ? HelpText(program, summary, example, flags) : absl::StrCat(program, " ", kVersion, "\n");
    std::fputs(text.c_str(), stdout);
    return false;
  }
  config->Clear();
  SourceMap source;
  if (line->has_config_file) {
    const absl::Status status = ReadYamlMessage(RealFiles(), line->config_file, config, &source);
    // A file that can't be read is the user's input as well, whatever the system's reason.
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("--config: ", status.message()));
  }
  for (const auto& [path, value] : line->settings) {
    absl::Status status = SetField(config, path, value, absl::StrCat("--", path), &source);
    if (!status.ok()) return status;
  }
  if (absl::Status status = CompleteMessage(config, source); !status.ok()) return status;
  return true;
}

}  // namespace pumasi
