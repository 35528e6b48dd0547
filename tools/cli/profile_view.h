// A job's profile while it runs: a block of lines on a terminal, above the line that says how far the job is.
#ifndef PUMASI_TOOLS_CLI_PROFILE_VIEW_H_
#define PUMASI_TOOLS_CLI_PROFILE_VIEW_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// What to write so that `text`, whole lines, stands above the line with the cursor, in place of a block of `lines`
// lines that stands there. A block of the same size leaves that line as it is.
std::string BlockAbove(const std::string& text, size_t lines);

// Writes to standard error; nothing where that is no terminal. The last block stays.
class ProfileView {
 public:
  ProfileView();
  void Show(const v1::JobStatus& status, absl::Duration now);

 private:
  const bool terminal_;
  size_t lines_ = 0;
  absl::Duration last_ = -absl::InfiniteDuration();
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_PROFILE_VIEW_H_
