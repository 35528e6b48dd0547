// One line on a terminal that says how far a job is.
#ifndef PUMASI_TOOLS_CLI_PROGRESS_BAR_H_
#define PUMASI_TOOLS_CLI_PROGRESS_BAR_H_

#include <deque>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// "epoch 2/4 [=========>          ]  46%  5,120 rows/s  loss 0.812  time left 0:23". Rows a second are over the last
// seconds, so that a job that got slower shows it. Pure: time is an argument. Not thread-safe.
class ProgressLine {
 public:
  std::string Text(const v1::JobStatus& status, absl::Duration now);

 private:
  std::deque<std::pair<absl::Duration, uint64_t>> samples_;
};

// Writes lines to standard error: over each other on a terminal, otherwise one every 10 s.
class ProgressBar {
 public:
  ProgressBar();
  void Show(const v1::JobStatus& status, absl::Duration now);
  // Leaves the last line standing; the next output begins on its own line.
  void End();

 private:
  const bool terminal_;
  ProgressLine line_;
  absl::Duration last_ = -absl::InfiniteDuration();
  bool open_ = false;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_PROGRESS_BAR_H_
