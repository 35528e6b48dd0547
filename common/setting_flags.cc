#include "common/setting_flags.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/escape.h"
#include "common/nearest_name.h"
#include "common/schema.h"

namespace pumasi {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

void AddFlags(const Descriptor& type, const std::string& prefix, std::vector<SettingFlag>* flags) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string path = prefix + field.name();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      AddFlags(*field.message_type(), path + ".", flags);
    } else {
      flags->push_back({path, &field});
    }
  }
}

std::string Plain(absl::string_view name) { return absl::StrReplaceAll(name, {{".", "-"}, {"_", "-"}}); }

std::string ValueText(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrJoin(EnumTexts(*field.enum_type()), "|");
    case FieldDescriptor::CPPTYPE_STRING:
      return "TEXT";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true|false";
    default:
      return "NUMBER";
  }
}

std::string Details(const FieldDescriptor& field) {
  const v1::Rules& rules = RulesOf(field);
  std::vector<std::string> details;
  if (rules.required()) details.push_back("required");
  if (!rules.fallback().empty()) {
    const bool show_unit = BoundsText(rules).empty() && !rules.unit().empty();
    details.push_back(absl::StrCat("default ", rules.fallback(), show_unit ? " " : "", show_unit ? rules.unit() : ""));
  }
  if (const std::string bounds = BoundsText(rules); !bounds.empty()) details.push_back(bounds);
  return details.empty() ? "" : absl::StrCat(" (", absl::StrJoin(details, "; "), ")");
}

}  // namespace

std::vector<SettingFlag> SettingFlags(const Descriptor& type) {
  std::vector<SettingFlag> flags;
  AddFlags(type, "", &flags);
  return flags;
}

absl::StatusOr<SettingFlag> FindSettingFlag(const std::vector<SettingFlag>& flags, absl::string_view name,
                                            const std::vector<std::string>& others) {
  std::vector<std::string> names;
  std::vector<const SettingFlag*> fitting;
  for (const SettingFlag& flag : flags) {
    if (flag.path == name) return flag;
    if (Plain(flag.path) == Plain(name)) fitting.push_back(&flag);
    names.push_back("--" + flag.path);
  }
  if (fitting.size() == 1) return *fitting[0];
  const std::string given = absl::StrCat("--", EscapeControls(name));
  if (fitting.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(given, ": could be --", fitting[0]->path, " or --", fitting[1]->path));
  }
  names.insert(names.end(), others.begin(), others.end());
  return absl::InvalidArgumentError(absl::StrCat(given, ": unknown flag; ", SuggestName(given, names)));
}

std::string SettingFlagsHelp(const std::vector<SettingFlag>& flags) {
  std::string text;
  for (const SettingFlag& flag : flags) {
    absl::StrAppend(&text, "  --", flag.path, " ", ValueText(*flag.field), Details(*flag.field), "\n");
    if (const std::string& help = RulesOf(*flag.field).help(); !help.empty())
      absl::StrAppend(&text, "      ", help, "\n");
  }
  return text;
}

}  // namespace pumasi
