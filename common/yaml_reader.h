// The walk over a YAML tree behind common/yaml_message.h; not for use elsewhere.
#ifndef PUMASI_COMMON_YAML_READER_H_
#define PUMASI_COMMON_YAML_READER_H_

#include <google/protobuf/message.h>
#include <yaml-cpp/yaml.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/source_map.h"

namespace pumasi {

// Fills messages from nodes and notes in *source where each field stood. May throw what yaml-cpp throws.
class YamlReader {
 public:
  // `source` is not null and outlives the reader.
  explicit YamlReader(SourceMap* source) : source_(source) {}

  // Adds what the mapping `node`, or null, says to *message.
  absl::Status ReadMessage(const YAML::Node& node, const std::string& path, google::protobuf::Message* message);

  // Adds what `node` says to a field. `key` is where the field's name stands.
  absl::Status ReadField(const YAML::Mark& key, const YAML::Node& node, const std::string& path,
                         google::protobuf::Message* message, const google::protobuf::FieldDescriptor& field);

 private:
  absl::Status ReadOne(const YAML::Mark& key, const YAML::Node& node, const std::string& path,
                       google::protobuf::Message* message, const google::protobuf::FieldDescriptor& field);
  absl::Status ReadScalar(const YAML::Mark& key, const YAML::Node& node, const std::string& path,
                          google::protobuf::Message* message, const google::protobuf::FieldDescriptor& field);
  absl::Status CountVisit(const YAML::Node& node, const std::string& path);
  void Note(const YAML::Mark& mark, const std::string& path);
  absl::Status ErrorAt(const YAML::Mark& mark, const std::string& path, absl::string_view message);

  SourceMap* const source_;
  int visits_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_YAML_READER_H_
