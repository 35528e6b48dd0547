#include "common/set_field.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/escape.h"
#include "common/field_scalar.h"
#include "common/nearest_name.h"
#include "common/schema.h"
#include "common/yaml_message.h"

namespace pumasi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsMessage(const FieldDescriptor& field) { return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE; }

absl::Status SetValue(Message* message, const FieldDescriptor& field, const std::string& path, absl::string_view value,
                      const std::string& origin) {
  const bool quoted = absl::StartsWith(value, "\"") || absl::StartsWith(value, "'");
  // A number or text as it is: "[::1]:80" is an address, not a YAML list.
  if (IsMessage(field) || field.is_repeated() || quoted) return ParseYamlField(value, origin, path, message, field);
  const absl::Status status = SetScalar(message, field, value);
  if (status.ok()) return status;
  return SourceMap(origin).Error(path, status.message());
}

// The entry that `index` names of a repeated message field; null if there is none.
Message* Entry(Message* message, const FieldDescriptor& field, absl::string_view index) {
  int number = 0;
  const Reflection* const reflection = message->GetReflection();
  if (!absl::SimpleAtoi(index, &number) || number < 0 || number >= reflection->FieldSize(*message, &field))
    return nullptr;
  return reflection->MutableRepeatedMessage(message, &field, number);
}

}  // namespace

absl::Status SetField(Message* message, absl::string_view path, absl::string_view value, absl::string_view origin_text,
                      SourceMap* source) {
  const std::string origin(origin_text);
  const std::vector<std::string> names = absl::StrSplit(absl::StrReplaceAll(path, {{"[", "."}, {"]", ""}}), '.');
  std::string walked;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto& type = *message->GetDescriptor();
    const FieldDescriptor* const field = type.FindFieldByName(names[i]);
    absl::StrAppend(&walked, walked.empty() ? "" : ".", EscapeControls(names[i]));
    const auto error = [&](absl::string_view what) { return SourceMap(origin).Error(walked, what); };
    if (field == nullptr) return error(absl::StrCat("unknown field; ", SuggestName(names[i], FieldNames(type))));
    if (i + 1 == names.size()) {
      if (absl::Status status = SetValue(message, *field, walked, value, origin); !status.ok()) return status;
      break;
    }
    if (!IsMessage(*field)) return error(absl::StrCat("holds ", WantedText(*field), "; nothing is below it"));
    if (!field->is_repeated()) {
      message = message->GetReflection()->MutableMessage(message, field);
      continue;
    }
    const int size = message->GetReflection()->FieldSize(*message, field);
    message = Entry(message, *field, names[++i]);
    if (message == nullptr) {
      return error(absl::StrCat("has no entry '", EscapeControls(names[i]), "'; it has ", size, ", counted from 0"));
    }
    absl::StrAppend(&walked, "[", names[i], "]");
    if (i + 1 == names.size()) return error("name a field of this entry");
  }
  if (source != nullptr) source->SetOrigin(walked, origin);
  return absl::OkStatus();
}

}  // namespace pumasi
