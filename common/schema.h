// What a message type says about itself: the names, types, bounds and help of its fields, in the words that people
// read.
#ifndef PUMASI_COMMON_SCHEMA_H_
#define PUMASI_COMMON_SCHEMA_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/rules.pb.h"

namespace pumasi {

// The (rules) option; a default one where there is none.
const v1::Rules& RulesOf(const google::protobuf::FieldDescriptor& field);

std::vector<std::string> FieldNames(const google::protobuf::Descriptor& type);
std::vector<std::string> FieldNames(const google::protobuf::OneofDescriptor& oneof);

// The value's name as people write it: MODE_PS of enum Mode is "ps".
std::string EnumText(const google::protobuf::EnumValueDescriptor& value);

// Those of all values but the UNSPECIFIED one.
std::vector<std::string> EnumTexts(const google::protobuf::EnumDescriptor& type);

// Finds a value by EnumText or by its full name. Null if there is none; never the UNSPECIFIED one.
const google::protobuf::EnumValueDescriptor* FindEnumValue(const google::protobuf::EnumDescriptor& type,
                                                           absl::string_view text);

// "a whole number", "a number", "text", "true or false", "one of ps, allreduce", "a mapping with keys train, test".
std::string WantedText(const google::protobuf::FieldDescriptor& field);

// "from 1 to 65536 rows", "at least 0 s", or "" where there is no bound.
std::string BoundsText(const v1::Rules& rules);

// A number of the rules, without an exponent where it is a whole number.
std::string NumberText(double number);

}  // namespace pumasi

#endif  // PUMASI_COMMON_SCHEMA_H_
