// One scalar value from text into a field.
#ifndef PUMASI_COMMON_FIELD_SCALAR_H_
#define PUMASI_COMMON_FIELD_SCALAR_H_

#include <google/protobuf/message.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pumasi {

// Sets the field (adds to it, if it is repeated) to what `text` says: whole numbers in decimal within the type's range
// (1e6 is one, too), finite numbers, true or false, enum values by the names of common/schema.h, UTF-8 text as it is.
// Messages of one oneof by the name of one of its messages, which has nothing in it then ("sync" for {sync: {}}).
// Other fields of message type, and of bytes type, are refused. Errors are InvalidArgument and say what was there and
// what is wanted, without the field's name: "'many' is not a whole number".
absl::Status SetScalar(google::protobuf::Message* message, const google::protobuf::FieldDescriptor& field,
                       absl::string_view text);

// What SetScalar would read: the value of a singular scalar field (its default if it is not set).
std::string ScalarText(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);

}  // namespace pumasi

#endif  // PUMASI_COMMON_FIELD_SCALAR_H_
