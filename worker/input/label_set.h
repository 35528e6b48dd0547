#ifndef PUMASI_WORKER_INPUT_LABEL_SET_H_
#define PUMASI_WORKER_INPUT_LABEL_SET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pumasi {

// More different labels than this are taken as a sign that the label column is the wrong one.
inline constexpr size_t kMaxClasses = 1'000'000;

// Class names and their numbers. Immutable once made, so any number of threads may read.
class LabelSet {
 public:
  // Numbers the names from 0: by value if all are integers, else by their bytes.
  static LabelSet FromNames(std::vector<std::string> names);

  // Reads what ToText wrote: one name a line, escaped as in vocabulary.txt. INVALID_ARGUMENT where it cannot be such.
  static absl::StatusOr<LabelSet> FromText(std::string_view text);
  std::string ToText() const;

  const std::vector<std::string>& names() const { return names_; }
  // The class of a name, if there is one.
  std::optional<uint32_t> Find(std::string_view name) const;

 private:
  LabelSet() = default;
  std::vector<std::string> names_;
  std::vector<uint32_t> by_bytes_;  // classes in the order of their names' bytes
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_LABEL_SET_H_
