#include "common/yaml_message.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <exception>
#include <functional>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "common/escape.h"
#include "common/utf8.h"
#include "common/yaml_reader.h"

namespace pumasi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string Place(const std::string& file, int line, int column) { return absl::StrCat(file, ":", line, ":", column); }

absl::Status CheckText(absl::string_view text, const std::string& file) {
  if (text.size() > kLargestYaml) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": ", text.size(), " bytes of YAML; at most ", kLargestYaml, " are read"));
  }
  int line = 1, column = 1;
  while (!text.empty()) {
    const char32_t point = TakeCodePoint(&text);
    if (point == kInvalidCodePoint) {
      return absl::InvalidArgumentError(absl::StrCat(Place(file, line, column), ": not UTF-8"));
    }
    if (point == 0) {
      return absl::InvalidArgumentError(absl::StrCat(Place(file, line, column), ": a NUL character; is this YAML?"));
    }
    column = point == '\n' ? 1 : column + 1;
    line += point == '\n' ? 1 : 0;
  }
  return absl::OkStatus();
}

// Notes where a document begins, and nothing else.
class DocumentStart : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { mark_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  const YAML::Mark& mark() const { return mark_; }

 private:
  YAML::Mark mark_;
};

// YAML::Load ignores all after the first document, and YAML::LoadAll never returns from some texts (","), so that the
// parser is asked for a second document, once.
absl::Status CheckOneDocument(const std::string& text, const std::string& file) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStart start;
  if (!parser.HandleNextDocument(start) || !parser.HandleNextDocument(start)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(Place(file, start.mark().line + 1, start.mark().column + 1),
                                                 ": a second document begins here; one is wanted"));
}

// Parses `text` and hands its only document, perhaps null, to `read`. Turns what yaml-cpp throws into a Status.
absl::Status WithDocument(absl::string_view text, const std::string& file,
                          const std::function<absl::Status(const YAML::Node&)>& read) {
  if (absl::Status status = CheckText(text, file); !status.ok()) return status;
  try {
    const std::string copy(text);
    if (absl::Status status = CheckOneDocument(copy, file); !status.ok()) return status;
    return read(YAML::Load(copy));
  } catch (const YAML::Exception& error) {
    const std::string what = EscapeControls(error.msg);
    if (error.mark.is_null()) return absl::InvalidArgumentError(absl::StrCat(file, ": not valid YAML: ", what));
    return absl::InvalidArgumentError(
        absl::StrCat(Place(file, error.mark.line + 1, error.mark.column + 1), ": not valid YAML: ", what));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": not valid YAML: ", EscapeControls(error.what())));
  }
}

}  // namespace

absl::Status ParseYamlMessage(absl::string_view text, const std::string& file, Message* message, SourceMap* source) {
  SourceMap own(file);
  if (source == nullptr) source = &own;
  *source = SourceMap(file);
  message->Clear();
  return WithDocument(text, file,
                      [&](const YAML::Node& node) { return YamlReader(source).ReadMessage(node, "", message); });
}

absl::Status ReadYamlMessage(Files& files, const std::string& path, Message* message, SourceMap* source) {
  const auto text = ReadFile(files, path, kLargestYaml);
  if (!text.ok()) return text.status();
  return ParseYamlMessage(*text, path, message, source);
}

absl::Status ParseYamlField(absl::string_view text, const std::string& origin, const std::string& path,
                            Message* message, const FieldDescriptor& field) {
  message->GetReflection()->ClearField(message, &field);
  SourceMap source(origin);
  return WithDocument(text, origin, [&](const YAML::Node& node) {
    return YamlReader(&source).ReadField(node.Mark(), node, path, message, field);
  });
}

}  // namespace pumasi
