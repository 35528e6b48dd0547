#include "tools/reference/reference.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/schema.h"

namespace pumasi {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// "|" would end a table's cell.
std::string Cell(const std::string& text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

std::string Code(const std::string& text) { return absl::StrCat("`", text, "`"); }

std::string Default(const v1::Rules& rules) {
  if (!rules.fallback().empty()) return Code(rules.fallback());
  return rules.required() ? "required" : "-";
}

std::string MayBe(const FieldDescriptor& field, const v1::Rules& rules) {
  std::vector<std::string> parts;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    std::vector<std::string> values;
    for (const std::string& value : EnumTexts(*field.enum_type())) values.push_back(Code(value));
    parts.push_back(absl::StrJoin(values, ", "));
  } else if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    parts.push_back(WantedText(field));
  } else if (field.message_type()->real_oneof_decl_count() > 0) {
    std::vector<std::string> names;
    for (const std::string& name : FieldNames(*field.message_type()->oneof_decl(0))) names.push_back(Code(name));
    parts.push_back(absl::StrCat("one of ", absl::StrJoin(names, ", ")));
  } else {
    parts.push_back("a mapping");
  }
  if (field.is_repeated()) parts.push_back("or a list of these");
  if (const std::string bounds = BoundsText(rules); !bounds.empty()) parts.push_back(bounds);
  if (!rules.pattern().empty()) parts.push_back(absl::StrCat("matching ", Code(rules.pattern())));
  return absl::StrJoin(parts, ", ");
}

// A message type that the table is in the middle of, and the key that has it.
using Open = std::vector<std::pair<const Descriptor*, std::string>>;

void AddLines(const Descriptor& type, const std::string& prefix, Open open, std::string& out) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const v1::Rules& rules = RulesOf(field);
    const std::string key = absl::StrCat(prefix, field.name());
    const Descriptor* const inner =
        field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ? field.message_type() : nullptr;
    const auto outer = std::find_if(open.begin(), open.end(), [&](const auto& entry) { return entry.first == inner; });
    const bool again = inner != nullptr && outer != open.end();
    absl::StrAppend(&out, "| ", Code(key), " | ", Cell(Default(rules)), " | ",
                    Cell(again ? absl::StrCat("as ", Code(outer->second)) : MayBe(field, rules)), " | ",
                    Cell(rules.help()), " |\n");
    if (inner == nullptr || again) continue;
    open.emplace_back(inner, key);
    AddLines(*inner, absl::StrCat(key, field.is_repeated() ? "[]." : "."), open, out);
    open.pop_back();
  }
}

}  // namespace

std::string ReferenceTable(const Descriptor& type) {
  std::string out = "| key | default | may be | meaning |\n|---|---|---|---|\n";
  AddLines(type, "", {}, out);
  return out;
}

}  // namespace pumasi
