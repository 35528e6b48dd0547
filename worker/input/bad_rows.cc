#include "worker/input/bad_rows.h"

#include "absl/strings/str_cat.h"

namespace pumasi {

absl::Status BadRows::Explain(const absl::Status& status) const {
  if (!skip_ || lost_ <= limit_ || absl::IsCancelled(status)) return status;
  const std::lock_guard<std::mutex> lock(mutex_);
  return absl::InvalidArgumentError(absl::StrCat("more malformed rows than data.skip_limit allows (", limit_,
                                                 "); the first: ", first_error_.message()));
}

}  // namespace pumasi
