// One field of a message by its path: --set model[1].lstm.units=64.
#ifndef PUMASI_COMMON_SET_FIELD_H_
#define PUMASI_COMMON_SET_FIELD_H_

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/source_map.h"

namespace pumasi {

// Sets the field at `path` to what `value` says, in YAML; the text of a text field needs no quotes. Entries of lists
// are counted from 0, as model[1].lstm.units or model.1.lstm.units, and have to be there. Messages on the way are made;
// the field takes the place of what it was, and of any other field of its oneof. Errors are InvalidArgument, begin with
// `origin`
// ("--set model[1].lstm.units=64") and name the nearest valid field. If `source` is not null, the field's place in it
// becomes `origin`. After an error *message may be half set.
absl::Status SetField(google::protobuf::Message* message, absl::string_view path, absl::string_view value,
                      absl::string_view origin, SourceMap* source = nullptr);

}  // namespace pumasi

#endif  // PUMASI_COMMON_SET_FIELD_H_
