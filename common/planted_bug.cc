#include "common/planted_bug.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/nearest_name.h"

namespace pumasi {
namespace {

struct Entry {
  absl::string_view name;
  absl::string_view text;
};

constexpr Entry kEntries[] = {{"kNone", "nothing"},
#define BUG(name, text) {#name, text},
                              PUMASI_PLANTED_BUGS(BUG)
#undef BUG
};

}  // namespace

namespace internal {
std::atomic<PlantedBug> planted_bug{PlantedBug::kNone};
}  // namespace internal

void PlantBug(PlantedBug bug) { internal::planted_bug.store(bug, std::memory_order_relaxed); }

const std::vector<PlantedBug>& AllPlantedBugs() {
  static const auto* const all = new std::vector<PlantedBug>{
#define BUG(name, text) PlantedBug::name,
      PUMASI_PLANTED_BUGS(BUG)
#undef BUG
  };
  return *all;
}

absl::string_view PlantedBugName(PlantedBug bug) { return kEntries[size_t(bug)].name; }

absl::string_view PlantedBugText(PlantedBug bug) { return kEntries[size_t(bug)].text; }

absl::StatusOr<PlantedBug> PlantedBugOfName(absl::string_view name) {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return PlantedBug(&entry - kEntries);
    names.emplace_back(entry.name);
  }
  return absl::InvalidArgumentError(absl::StrCat("no planted bug is called '", name, "'; ", SuggestName(name, names)));
}

}  // namespace pumasi
