// Tables for people of all that a schema (proto/job.proto, proto/config.proto) says about its fields.
#ifndef PUMASI_TOOLS_REFERENCE_REFERENCE_H_
#define PUMASI_TOOLS_REFERENCE_REFERENCE_H_

#include <google/protobuf/descriptor.h>

#include <string>

namespace pumasi {

// A Markdown table with a line for each field of `type` and of the messages in it, in the schema's order: key (with
// dots and, for lists, "[]"), default, what it may be, meaning.
std::string ReferenceTable(const google::protobuf::Descriptor& type);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_REFERENCE_REFERENCE_H_
