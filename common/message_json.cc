#include "common/message_json.h"

#include <google/protobuf/util/json_util.h>

namespace pumasi {

std::string MessageToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);  // fails for Any alone
  return json;
}

}  // namespace pumasi
