// Messages as the JSON files that people read: manifests and jobs of checkpoints.
#ifndef PUMASI_COMMON_MESSAGE_JSON_H_
#define PUMASI_COMMON_MESSAGE_JSON_H_

#include <string>

namespace google::protobuf {
class Message;
}

namespace pumasi {

// Indented, with the schema's own field names; fields that are not set are left out. JSON is YAML, so
// common/yaml_message.h reads it back.
std::string MessageToJson(const google::protobuf::Message& message);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MESSAGE_JSON_H_
