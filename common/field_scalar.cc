#include "common/field_scalar.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/escape.h"
#include "common/nearest_name.h"
#include "common/schema.h"
#include "common/utf8.h"

namespace pumasi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// As much of the text as helps to find it.
std::string Quoted(absl::string_view text) {
  constexpr size_t kMost = 40;
  const bool cut = text.size() > kMost;
  return absl::StrCat("'", EscapeControls(text.substr(0, kMost)), cut ? "..." : "", "'");
}

absl::Status Wrong(absl::string_view text, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " is not ", wanted));
}

template <typename Int>
absl::Status ParseInt(absl::string_view text, Int* value) {
  if (absl::SimpleAtoi(text, value)) return absl::OkStatus();
  // 1e6 and -5 deserve a better answer than "not a whole number".
  double number = 0;
  if (!absl::SimpleAtod(text, &number) || !std::isfinite(number) || std::floor(number) != number) {
    return Wrong(text, "a whole number");
  }
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  if (number < static_cast<double>(std::numeric_limits<Int>::min()) ||
      number > static_cast<double>(std::numeric_limits<Int>::max()) || std::fabs(number) > kLargestExact) {
    return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " is out of range; it must be from ",
                                                   std::numeric_limits<Int>::min(), " to ",
                                                   std::numeric_limits<Int>::max()));
  }
  *value = static_cast<Int>(number);
  return absl::OkStatus();
}

absl::Status ParseNumber(absl::string_view text, double largest, double* value) {
  if (!absl::SimpleAtod(text, value) || std::isnan(*value)) return Wrong(text, "a number");
  if (std::fabs(*value) > largest) return Wrong(text, "a finite number");
  return absl::OkStatus();
}

}  // namespace

// Sets or adds, by what the field is.
#define PUMASI_STORE(Type, value)                      \
  do {                                                 \
    if (field.is_repeated()) {                         \
      reflection->Add##Type(message, &field, (value)); \
    } else {                                           \
      reflection->Set##Type(message, &field, (value)); \
    }                                                  \
    return absl::OkStatus();                           \
  } while (false)

absl::Status SetScalar(Message* message, const FieldDescriptor& field, absl::string_view text) {
  const Reflection* const reflection = message->GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t value = 0;
      if (absl::Status status = ParseInt(text, &value); !status.ok()) return status;
      PUMASI_STORE(Int32, value);
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      int64_t value = 0;
      if (absl::Status status = ParseInt(text, &value); !status.ok()) return status;
      PUMASI_STORE(Int64, value);
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      uint32_t value = 0;
      if (absl::Status status = ParseInt(text, &value); !status.ok()) return status;
      PUMASI_STORE(UInt32, value);
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      uint64_t value = 0;
      if (absl::Status status = ParseInt(text, &value); !status.ok()) return status;
      PUMASI_STORE(UInt64, value);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double value = 0;
      absl::Status status = ParseNumber(text, std::numeric_limits<double>::max(), &value);
      if (!status.ok()) return status;
      PUMASI_STORE(Double, value);
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      double value = 0;
      absl::Status status = ParseNumber(text, std::numeric_limits<float>::max(), &value);
      if (!status.ok()) return status;
      PUMASI_STORE(Float, static_cast<float>(value));
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      if (text != "true" && text != "false") return Wrong(text, "true or false");
      PUMASI_STORE(Bool, text == "true");
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* const value = FindEnumValue(*field.enum_type(), text);
      if (value == nullptr) {
        const std::string suggestion = SuggestName(text, EnumTexts(*field.enum_type()));
        return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " is not a valid value; ", suggestion));
      }
      PUMASI_STORE(Enum, value);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      if (field.type() == FieldDescriptor::TYPE_BYTES) break;
      if (!IsValidUtf8(text)) return Wrong(text, "valid UTF-8");
      PUMASI_STORE(String, std::string(text));
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const auto& type = *field.message_type();
      if (field.is_repeated() || type.real_oneof_decl_count() != 1) break;
      const FieldDescriptor* const named = type.FindFieldByName(std::string(text));
      if (named == nullptr || named->real_containing_oneof() == nullptr ||
          named->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        return absl::InvalidArgumentError(
            absl::StrCat(Quoted(text), " is not a valid value; ", SuggestName(text, FieldNames(*type.oneof_decl(0)))));
      }
      Message* const inner = reflection->MutableMessage(message, &field);
      inner->GetReflection()->MutableMessage(inner, named);
      return absl::OkStatus();
    }
  }
  return Wrong(text, WantedText(field));
}

#undef PUMASI_STORE

std::string ScalarText(const Message& message, const FieldDescriptor& field) {
  const Reflection* const reflection = message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection->GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection->GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection->GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection->GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return NumberText(reflection->GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return NumberText(reflection->GetFloat(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*reflection->GetEnum(message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetString(message, &field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "";
}

}  // namespace pumasi
