// YAML text into a protobuf message, by reflection. The message's schema (field names, types, the (rules) option) is
// the only list of what a file may say.
//
// Values: scalars as common/field_scalar.h reads them; whole numbers may be quoted, as protobuf's JSON prints 64-bit
// ones; other quoted values are text. A single scalar stands for a list of one. Where a message's fallback
// is a name of its oneof, a name stands for it. A message field given as null or {}
// counts as given, with nothing in it. Refused, each with "FILE:LINE:COLUMN: model[1].lstm.unitz: ...": unknown fields
// (with the nearest name), ill-typed values, two fields of one oneof, duplicate keys, tags, several documents, text
// that is not UTF-8 or is larger than kLargestYaml, and aliases that multiply beyond measure. JSON is YAML, so it is
// read, too.
#ifndef PUMASI_COMMON_YAML_MESSAGE_H_
#define PUMASI_COMMON_YAML_MESSAGE_H_

#include <google/protobuf/message.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/file.h"
#include "common/source_map.h"

namespace pumasi {

constexpr size_t kLargestYaml = 1 << 20;

// Replaces *message by what `text` says; `file` names the text in errors. Neither fallbacks nor rules are applied: see
// CompleteMessage in common/field_rules.h. If `source` is not null, it becomes the places of all given fields. After an
// error *message holds what was read before it.
absl::Status ParseYamlMessage(absl::string_view text, const std::string& file, google::protobuf::Message* message,
                              SourceMap* source = nullptr);

// Likewise, of a file.
absl::Status ReadYamlMessage(Files& files, const std::string& path, google::protobuf::Message* message,
                             SourceMap* source = nullptr);

// Replaces one field of *message, of any kind, by what `text` says. `origin` names the text in errors ("--set batch"),
// `path` is the field's path. Used by common/set_field.h.
absl::Status ParseYamlField(absl::string_view text, const std::string& origin, const std::string& path,
                            google::protobuf::Message* message, const google::protobuf::FieldDescriptor& field);

}  // namespace pumasi

#endif  // PUMASI_COMMON_YAML_MESSAGE_H_
