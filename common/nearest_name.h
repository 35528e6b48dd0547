// Helps with misspelt names.
#ifndef PUMASI_COMMON_NEAREST_NAME_H_
#define PUMASI_COMMON_NEAREST_NAME_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pumasi {

// Levenshtein's distance: the fewest bytes to insert, remove or replace that turn one into the other.
size_t EditDistance(absl::string_view a, absl::string_view b);

// "did you mean 'units'?" if one of `valid` is near to `given` (the first of the nearest); otherwise "valid: width,
// units", or "" if there is none at all.
std::string SuggestName(absl::string_view given, const std::vector<std::string>& valid);

}  // namespace pumasi

#endif  // PUMASI_COMMON_NEAREST_NAME_H_
