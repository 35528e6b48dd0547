// The (rules) of a schema, applied to a message: defaults, and what its values may be.
#ifndef PUMASI_COMMON_FIELD_RULES_H_
#define PUMASI_COMMON_FIELD_RULES_H_

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "common/source_map.h"

namespace pumasi {

// Sets every field that is not given and has a fallback to it, in *message and in all messages that it holds. A message
// field that is not given stays so, unless its fallback is "{}", or names one of its oneof's messages. Fields of a
// oneof get no fallback. Internal if a schema's fallback does not fit its field.
absl::Status ApplyFallbacks(google::protobuf::Message* message);

// Checks required fields, bounds, patterns, enum values, that numbers are finite, and that in each oneof one field is
// set, in *message and in all messages that it holds. The first violation is InvalidArgument: "job.yaml:3:5: batch: 0
// is out of bounds; it must be from 1 to 1048576 rows", with the place from `source` as far as it knows.
absl::Status CheckRules(const google::protobuf::Message& message, const SourceMap& source = SourceMap());

// ApplyFallbacks, then CheckRules.
absl::Status CompleteMessage(google::protobuf::Message* message, const SourceMap& source = SourceMap());

}  // namespace pumasi

#endif  // PUMASI_COMMON_FIELD_RULES_H_
