#include "common/schema.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace pumasi {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

constexpr absl::string_view kUnspecified = "UNSPECIFIED";

bool IsUnspecified(const EnumValueDescriptor& value) {
  return value.number() == 0 && absl::EndsWith(value.name(), kUnspecified);
}

}  // namespace

const v1::Rules& RulesOf(const FieldDescriptor& field) { return field.options().GetExtension(v1::rules); }

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

std::vector<std::string> FieldNames(const OneofDescriptor& oneof) {
  std::vector<std::string> names;
  for (int i = 0; i < oneof.field_count(); ++i) names.push_back(oneof.field(i)->name());
  return names;
}

std::string EnumText(const EnumValueDescriptor& value) {
  absl::string_view name = value.name();
  const EnumValueDescriptor* const zero = value.type()->FindValueByNumber(0);
  if (zero != nullptr && IsUnspecified(*zero)) {
    absl::string_view prefix = zero->name();
    absl::ConsumeSuffix(&prefix, kUnspecified);
    absl::ConsumePrefix(&name, prefix);
  }
  return absl::AsciiStrToLower(name);
}

std::vector<std::string> EnumTexts(const EnumDescriptor& type) {
  std::vector<std::string> texts;
  for (int i = 0; i < type.value_count(); ++i) {
    if (!IsUnspecified(*type.value(i))) texts.push_back(EnumText(*type.value(i)));
  }
  return texts;
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor& type, absl::string_view text) {
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    if (!IsUnspecified(value) && (text == EnumText(value) || text == value.name())) return &value;
  }
  return nullptr;
}

std::string WantedText(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a number";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat("one of ", absl::StrJoin(EnumTexts(*field.enum_type()), ", "));
    case FieldDescriptor::CPPTYPE_STRING:
      return "text";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return absl::StrCat("a mapping with keys ", absl::StrJoin(FieldNames(*field.message_type()), ", "));
  }
  return "something else";
}

std::string NumberText(double number) {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  if (std::floor(number) == number && std::fabs(number) <= kLargestExact) {
    return absl::StrCat(static_cast<int64_t>(number));
  }
  // The fewest digits that read back as the same number.
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), number).ptr;
  return std::string(text, end);
}

std::string BoundsText(const v1::Rules& rules) {
  const std::string unit = rules.unit().empty() ? "" : absl::StrCat(" ", rules.unit());
  if (rules.has_min() && rules.has_max()) {
    return absl::StrCat("from ", NumberText(rules.min()), " to ", NumberText(rules.max()), unit);
  }
  if (rules.has_min()) return absl::StrCat("at least ", NumberText(rules.min()), unit);
  if (rules.has_max()) return absl::StrCat("at most ", NumberText(rules.max()), unit);
  return "";
}

}  // namespace pumasi
