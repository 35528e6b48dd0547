#include "common/field_rules.h"

#include <cmath>
#include <regex>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/escape.h"
#include "common/field_scalar.h"
#include "common/schema.h"

namespace pumasi {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

bool IsMessage(const FieldDescriptor& field) { return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE; }

bool IsGiven(const Message& message, const FieldDescriptor& field) {
  const Reflection* const reflection = message.GetReflection();
  return field.is_repeated() ? reflection->FieldSize(message, &field) > 0 : reflection->HasField(message, &field);
}

// One value as a number, if the field is of a type that bounds apply to.
bool AsNumber(const Message& message, const FieldDescriptor& field, int index, double* number) {
  const Reflection* const r = message.GetReflection();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      *number = many ? r->GetRepeatedInt32(message, &field, index) : r->GetInt32(message, &field);
      return true;
    case FieldDescriptor::CPPTYPE_INT64:
      *number = static_cast<double>(many ? r->GetRepeatedInt64(message, &field, index) : r->GetInt64(message, &field));
      return true;
    case FieldDescriptor::CPPTYPE_UINT32:
      *number = many ? r->GetRepeatedUInt32(message, &field, index) : r->GetUInt32(message, &field);
      return true;
    case FieldDescriptor::CPPTYPE_UINT64:
      *number =
          static_cast<double>(many ? r->GetRepeatedUInt64(message, &field, index) : r->GetUInt64(message, &field));
      return true;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      *number = many ? r->GetRepeatedDouble(message, &field, index) : r->GetDouble(message, &field);
      return true;
    case FieldDescriptor::CPPTYPE_FLOAT:
      *number = many ? r->GetRepeatedFloat(message, &field, index) : r->GetFloat(message, &field);
      return true;
    default:
      return false;
  }
}

// What is wrong with a value; empty if nothing is.
std::string NumberProblem(double number, const v1::Rules& rules) {
  if (!std::isfinite(number)) return "not a finite number";
  if ((!rules.has_min() || number >= rules.min()) && (!rules.has_max() || number <= rules.max())) return "";
  return absl::StrCat(NumberText(number), " is out of bounds; it must be ", BoundsText(rules));
}

std::string TextProblem(const std::string& text, const v1::Rules& rules) {
  if (rules.pattern().empty()) return "";
  // std::regex recurses with the length of the text: a long one could overflow the stack.
  constexpr size_t kLongest = 4096;
  if (text.size() > kLongest) return absl::StrCat("longer than ", kLongest, " bytes");
  if (std::regex_match(text, std::regex(rules.pattern(), std::regex::ECMAScript))) return "";
  return absl::StrCat("'", EscapeControls(text), "' must match the pattern ", rules.pattern());
}

std::string EnumProblem(int number, const FieldDescriptor& field) {
  const EnumValueDescriptor* const value = field.enum_type()->FindValueByNumber(number);
  if (value != nullptr && FindEnumValue(*field.enum_type(), value->name()) != nullptr) return "";
  return absl::StrCat(number, " is not a valid value; it must be ", WantedText(field));
}

std::string ValueProblem(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection* const r = message.GetReflection();
  const v1::Rules& rules = RulesOf(field);
  const bool many = field.is_repeated();
  double number = 0;
  if (AsNumber(message, field, index, &number)) return NumberProblem(number, rules);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return TextProblem(many ? r->GetRepeatedString(message, &field, index) : r->GetString(message, &field), rules);
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    return EnumProblem(many ? r->GetRepeatedEnumValue(message, &field, index) : r->GetEnumValue(message, &field),
                       field);
  }
  return "";
}

std::string Missing(const v1::Rules& rules) {
  return absl::StrCat("missing", rules.help().empty() ? "" : ": ", rules.help());
}

absl::Status CheckMessage(const Message& message, const std::string& path, const SourceMap& source);

absl::Status CheckField(const Message& message, const FieldDescriptor& field, const std::string& path,
                        const SourceMap& source) {
  const Reflection* const reflection = message.GetReflection();
  if (!IsGiven(message, field)) {
    const bool required = RulesOf(field).required() && field.real_containing_oneof() == nullptr;
    return required ? source.Error(path, Missing(RulesOf(field))) : absl::OkStatus();
  }
  const int count = field.is_repeated() ? reflection->FieldSize(message, &field) : 1;
  for (int i = 0; i < count; ++i) {
    const std::string item = field.is_repeated() ? absl::StrCat(path, "[", i, "]") : path;
    if (IsMessage(field)) {
      const Message& inner = field.is_repeated() ? reflection->GetRepeatedMessage(message, &field, i)
                                                 : reflection->GetMessage(message, &field);
      if (absl::Status status = CheckMessage(inner, item, source); !status.ok()) return status;
    } else if (const std::string problem = ValueProblem(message, field, i); !problem.empty()) {
      return source.Error(item, problem);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMessage(const Message& message, const std::string& path, const SourceMap& source) {
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
    const OneofDescriptor& oneof = *type.oneof_decl(i);
    if (!message.GetReflection()->HasOneof(message, &oneof)) {
      return source.Error(path, absl::StrCat("one of ", absl::StrJoin(FieldNames(oneof), ", "), " must be given"));
    }
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string field_path = path.empty() ? field.name() : absl::StrCat(path, ".", field.name());
    if (absl::Status status = CheckField(message, field, field_path, source); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ApplyFallback(Message* message, const FieldDescriptor& field) {
  const std::string& fallback = RulesOf(field).fallback();
  if (fallback.empty() || field.real_containing_oneof() != nullptr) return absl::OkStatus();
  absl::Status status;
  if (IsMessage(field) && fallback == "{}" && !field.is_repeated()) {
    message->GetReflection()->MutableMessage(message, &field);
  } else {
    status = SetScalar(message, field, fallback);
  }
  if (status.ok()) return status;
  return absl::InternalError(absl::StrCat("the fallback of ", field.full_name(), ": ", status.message()));
}

}  // namespace

absl::Status ApplyFallbacks(Message* message) {
  const Descriptor& type = *message->GetDescriptor();
  const Reflection* const reflection = message->GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!IsGiven(*message, field)) {
      if (absl::Status status = ApplyFallback(message, field); !status.ok()) return status;
    }
    if (!IsMessage(field) || !IsGiven(*message, field)) continue;
    const int count = field.is_repeated() ? reflection->FieldSize(*message, &field) : 1;
    for (int j = 0; j < count; ++j) {
      Message* const inner = field.is_repeated() ? reflection->MutableRepeatedMessage(message, &field, j)
                                                 : reflection->MutableMessage(message, &field);
      if (absl::Status status = ApplyFallbacks(inner); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRules(const Message& message, const SourceMap& source) { return CheckMessage(message, "", source); }

absl::Status CompleteMessage(Message* message, const SourceMap& source) {
  if (absl::Status status = ApplyFallbacks(message); !status.ok()) return status;
  return CheckRules(*message, source);
}

}  // namespace pumasi
