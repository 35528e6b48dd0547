#include "common/yaml_reader.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/escape.h"
#include "common/field_scalar.h"
#include "common/nearest_name.h"
#include "common/schema.h"

namespace pumasi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

// yaml-cpp shares the nodes behind aliases, so that a small file may stand for a huge tree. A real file is far below
// this.
constexpr int kMostVisits = 200000;

std::string Describe(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar: {
      const std::string& text = node.Scalar();
      constexpr size_t kMost = 40;
      return absl::StrCat("'", EscapeControls(text.substr(0, kMost)), text.size() > kMost ? "..." : "", "'");
    }
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a mapping";
    default:
      return "nothing";
  }
}

std::string Join(const std::string& path, const std::string& name) {
  return path.empty() ? name : absl::StrCat(path, ".", name);
}

bool IsQuoted(const YAML::Node& node) { return node.Tag() == "!"; }

bool HasExplicitTag(const YAML::Node& node) { return !node.Tag().empty() && node.Tag() != "?" && node.Tag() != "!"; }

// Whole numbers may be quoted, text and names need no telling apart.
bool MayBeQuoted(const FieldDescriptor& field) {
  return field.cpp_type() != FieldDescriptor::CPPTYPE_BOOL && field.cpp_type() != FieldDescriptor::CPPTYPE_DOUBLE &&
         field.cpp_type() != FieldDescriptor::CPPTYPE_FLOAT;
}

}  // namespace

absl::Status YamlReader::ErrorAt(const YAML::Mark& mark, const std::string& path, absl::string_view message) {
  Note(mark, path);
  return source_->Error(path, message);
}

void YamlReader::Note(const YAML::Mark& mark, const std::string& path) {
  if (!mark.is_null()) source_->Set(path, mark.line + 1, mark.column + 1);
}

absl::Status YamlReader::CountVisit(const YAML::Node& node, const std::string& path) {
  if (++visits_ > kMostVisits) {
    return ErrorAt(node.Mark(), path, absl::StrCat("more than ", kMostVisits, " values, aliases followed"));
  }
  if (HasExplicitTag(node)) {
    return ErrorAt(node.Mark(), path,
                   absl::StrCat("tags such as ", EscapeControls(node.Tag()), " have no meaning here"));
  }
  return absl::OkStatus();
}

absl::Status YamlReader::ReadMessage(const YAML::Node& node, const std::string& path, Message* message) {
  if (absl::Status status = CountVisit(node, path); !status.ok()) return status;
  if (node.IsNull()) return absl::OkStatus();
  const auto& type = *message->GetDescriptor();
  if (!node.IsMap()) {
    return ErrorAt(node.Mark(), path,
                   absl::StrCat(Describe(node), " stands where a mapping is wanted; valid keys: ",
                                absl::StrJoin(FieldNames(type), ", ")));
  }
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const YAML::Node& key = entry.first;
    if (!key.IsScalar()) return ErrorAt(key.Mark(), path, absl::StrCat(Describe(key), " stands where a key is wanted"));
    if (absl::Status status = CountVisit(key, path); !status.ok()) return status;
    const std::string name = key.Scalar();
    const std::string field_path = Join(path, name.size() > 64 ? "..." : EscapeControls(name));
    const FieldDescriptor* const field = type.FindFieldByName(name);
    if (field == nullptr) {
      return ErrorAt(key.Mark(), field_path, absl::StrCat("unknown field; ", SuggestName(name, FieldNames(type))));
    }
    if (!seen.insert(name).second) return ErrorAt(key.Mark(), field_path, "given twice");
    if (const OneofDescriptor* const oneof = field->real_containing_oneof()) {
      const FieldDescriptor* const other = message->GetReflection()->GetOneofFieldDescriptor(*message, oneof);
      if (other != nullptr) {
        return ErrorAt(key.Mark(), path,
                       absl::StrCat("both ", other->name(), " and ", name, " are given; only one of ",
                                    absl::StrJoin(FieldNames(*oneof), ", "), " may be"));
      }
    }
    if (absl::Status status = ReadField(key.Mark(), entry.second, field_path, message, *field); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status YamlReader::ReadField(const YAML::Mark& key, const YAML::Node& node, const std::string& path,
                                   Message* message, const FieldDescriptor& field) {
  if (!field.is_repeated()) return ReadOne(key, node, path, message, field);
  if (absl::Status status = CountVisit(node, path); !status.ok()) return status;
  Note(key, path);
  if (!node.IsSequence()) {
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (node.IsScalar() && !is_message) return ReadOne(key, node, path + "[0]", message, field);
    return ErrorAt(node.IsNull() ? key : node.Mark(), path,
                   absl::StrCat(Describe(node), " stands where a list is wanted",
                                is_message ? "; begin each entry with '- '" : ""));
  }
  int index = 0;
  for (const YAML::Node& item : node) {
    const std::string item_path = absl::StrCat(path, "[", index++, "]");
    if (absl::Status status = ReadOne(item.Mark(), item, item_path, message, field); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status YamlReader::ReadOne(const YAML::Mark& key, const YAML::Node& node, const std::string& path,
                                 Message* message, const FieldDescriptor& field) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return ReadScalar(key, node, path, message, field);
  Note(key, path);
  if (field.is_map()) return ErrorAt(key, path, "can't be given in YAML");
  // An entry of a list that is nothing at all ("- ") is a slip, not a message with defaults.
  if (field.is_repeated() && node.IsNull())
    return ErrorAt(key, path, absl::StrCat("nothing stands where ", WantedText(field), " is wanted"));
  // Where it is nothing but a choice, and one of these is its fallback, a name stands for it.
  if (const std::string& fallback = RulesOf(field).fallback();
      node.IsScalar() && !fallback.empty() && fallback != "{}") {
    return ReadScalar(key, node, path, message, field);
  }
  const auto* const reflection = message->GetReflection();
  return ReadMessage(
      node, path,
      field.is_repeated() ? reflection->AddMessage(message, &field) : reflection->MutableMessage(message, &field));
}

absl::Status YamlReader::ReadScalar(const YAML::Mark& key, const YAML::Node& node, const std::string& path,
                                    Message* message, const FieldDescriptor& field) {
  if (absl::Status status = CountVisit(node, path); !status.ok()) return status;
  if (!node.IsScalar()) {
    return ErrorAt(node.IsNull() ? key : node.Mark(), path,
                   absl::StrCat(Describe(node), " stands where ", WantedText(field), " is wanted"));
  }
  if (IsQuoted(node) && !MayBeQuoted(field)) {
    return ErrorAt(node.Mark(), path,
                   absl::StrCat("the text ", Describe(node), " stands where ", WantedText(field),
                                " is wanted; leave out the quotes"));
  }
  Note(node.Mark(), path);
  const absl::Status status = SetScalar(message, field, node.Scalar());
  return status.ok() ? status : source_->Error(path, status.message());
}

}  // namespace pumasi
