// JSON as the CLI prints it: keys in the order in which they were added.
#ifndef PUMASI_TOOLS_CLI_JSON_H_
#define PUMASI_TOOLS_CLI_JSON_H_

#include <nlohmann/json.hpp>

namespace pumasi {

using Json = nlohmann::ordered_json;

// One line. Text that is not UTF-8 gets replacement characters instead of an exception.
inline std::string ToLine(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_JSON_H_
