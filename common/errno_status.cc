#include "common/errno_status.h"

#include <system_error>

#include "absl/strings/str_cat.h"

namespace pumasi {

absl::Status ErrnoStatus(int error, absl::string_view subject, absl::string_view action) {
  return absl::Status(absl::ErrnoToStatusCode(error),
                      absl::StrCat(subject, ": can't ", action, ": ", std::generic_category().message(error)));
}

}  // namespace pumasi
