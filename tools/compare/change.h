// What would change the answer of a comparison, by the shares of time that its runs told (tools/compare/crossing.h).
#ifndef PUMASI_TOOLS_COMPARE_CHANGE_H_
#define PUMASI_TOOLS_COMPARE_CHANGE_H_

#include <string>
#include <vector>

#include "tools/compare/summary.h"

namespace pumasi {

// Sentences. `leaders`: those that cannot be told apart, the fastest first; at least one. With one, it is compared with
// the next one in speed, and with the fastest one of each other mode. With more it says what would part the first two.
std::string ChangeText(const std::vector<const Summary*>& leaders, const std::vector<Summary>& summaries);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_CHANGE_H_
