// The fields of a settings message as flags: `tls.ca` is --tls.ca.
#ifndef PUMASI_COMMON_SETTING_FLAGS_H_
#define PUMASI_COMMON_SETTING_FLAGS_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pumasi {

struct SettingFlag {
  std::string path;  // "tls.ca"
  const google::protobuf::FieldDescriptor* field;
};

// Every field that is not a message, depth first, in the schema's order.
std::vector<SettingFlag> SettingFlags(const google::protobuf::Descriptor& type);

// The flag called `name` (without dashes before it): its path, or its path with any of '.', '_' and '-' in place of
// each other, as in log_format, if only one flag fits. InvalidArgument, with the nearest name, if none does. `others`
// are flags besides these that may be suggested.
absl::StatusOr<SettingFlag> FindSettingFlag(const std::vector<SettingFlag>& flags, absl::string_view name,
                                            const std::vector<std::string>& others);

// One paragraph a flag for --help: name, kind of value, unit, default, bounds, help.
std::string SettingFlagsHelp(const std::vector<SettingFlag>& flags);

}  // namespace pumasi

#endif  // PUMASI_COMMON_SETTING_FLAGS_H_
