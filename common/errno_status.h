// What the system said, as a Status.
#ifndef PUMASI_COMMON_ERRNO_STATUS_H_
#define PUMASI_COMMON_ERRNO_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pumasi {

// "SUBJECT: can't ACTION: No such file or directory", with the code that fits `error`, an errno.
absl::Status ErrnoStatus(int error, absl::string_view subject, absl::string_view action);

}  // namespace pumasi

#endif  // PUMASI_COMMON_ERRNO_STATUS_H_
