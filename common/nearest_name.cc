#include "common/nearest_name.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pumasi {

size_t EditDistance(absl::string_view a, absl::string_view b) {
  // Row by row through the table of distances between prefixes; only one row is kept.
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

std::string SuggestName(absl::string_view given, const std::vector<std::string>& valid) {
  // A name that was typed at random, or is a page long, is near to nothing.
  constexpr size_t kLongest = 64;
  size_t best = std::max<size_t>(2, given.size() / 3) + 1;
  const std::string* nearest = nullptr;
  if (given.size() <= kLongest) {
    for (const std::string& name : valid) {
      const size_t distance = EditDistance(given, name);
      // Everything is near to a name as short as the distance.
      if (distance < best && distance < std::max(name.size(), given.size())) {
        best = distance;
        nearest = &name;
      }
    }
  }
  if (nearest != nullptr) return absl::StrCat("did you mean '", *nearest, "'?");
  if (valid.empty()) return "";
  return absl::StrCat("valid: ", absl::StrJoin(valid, ", "));
}

}  // namespace pumasi
