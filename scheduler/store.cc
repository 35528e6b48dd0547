#include "scheduler/store.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace pumasi {

absl::Status CheckStoreBatch(const StoreBatch& batch) {
  for (const auto& [key, value] : batch.changes()) {
    if (key.empty()) return absl::InvalidArgumentError("a key of the store must not be empty");
    if (key.size() > Store::kMaxKeyBytes) {
      return absl::InvalidArgumentError(absl::StrCat("the key ", absl::CHexEscape(key.substr(0, 40)), "... has ",
                                                     key.size(), " bytes; at most ", Store::kMaxKeyBytes));
    }
    if (value.has_value() && value->size() > Store::kMaxValueBytes) {
      return absl::InvalidArgumentError(absl::StrCat("the value of ", absl::CHexEscape(key), " has ", value->size(),
                                                     " bytes; at most ", Store::kMaxValueBytes));
    }
  }
  return absl::OkStatus();
}

}  // namespace pumasi
