#include "tools/cli/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(5);
constexpr absl::Duration kRedraw = absl::Milliseconds(200);
constexpr absl::Duration kLine = absl::Seconds(10);
constexpr int kBarWidth = 24;

std::string Thousands(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, 1, ',');
  return digits;
}

}  // namespace

std::string ProgressLine::Text(const v1::JobStatus& status, absl::Duration now) {
  if (status.state() < v1::TRAINING || status.total_batches() == 0) {
    return absl::StrCat(StateName(status.state()), status.message().empty() ? "" : ": ", status.message());
  }
  samples_.push_back({now, status.samples()});
  while (samples_.size() > 2 && now - samples_.front().first > kWindow) samples_.pop_front();
  const double seconds = absl::ToDoubleSeconds(now - samples_.front().first);
  double rate = seconds > 0 ? double(status.samples() - samples_.front().second) / seconds : 0;
  if (rate <= 0) rate = status.rows_per_s();
  const double done = double(status.progress().version()) / double(status.total_batches());
  const int filled = static_cast<int>(done * kBarWidth);
  std::string bar(filled, '=');
  if (filled < kBarWidth) bar += '>';
  bar.resize(kBarWidth, ' ');
  std::string text = absl::StrFormat("epoch %d/%d [%s] %3.0f%%  %s rows/s  loss %.3f",
                                     std::min(status.progress().epoch() + 1, status.epochs()), status.epochs(), bar,
                                     100 * done, Thousands(static_cast<uint64_t>(rate)), status.recent_loss());
  const std::string safety = SafetyText(status);
  if (!safety.empty()) absl::StrAppend(&text, "  (", safety, ")");
  if (status.state() != v1::TRAINING) {
    return absl::StrCat(text, "  ", StateName(status.state()), status.message().empty() ? "" : ": ", status.message());
  }
  const double batches_left = double(status.total_batches() - status.progress().version());
  const uint64_t batch = status.progress().version() > 0 && status.batches_per_epoch() > 0
                             ? std::max<uint64_t>(1, status.data().train_rows() / status.batches_per_epoch())
                             : 1;
  if (rate > 0) {
    const auto left = static_cast<uint64_t>(batches_left * double(batch) / rate);
    absl::StrAppendFormat(&text, "  time left %d:%02d", left / 60, left % 60);
  }
  return text;
}

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO)) {}

void ProgressBar::Show(const v1::JobStatus& status, absl::Duration now) {
  const std::string text = line_.Text(status, now);
  if (now - last_ < (terminal_ ? kRedraw : kLine)) return;
  last_ = now;
  if (terminal_) {
    // Cut at the terminal's edge: a line that wraps could not be written over.
    std::fprintf(stderr, "\r\033[K\033[?7l%s\033[?7h", text.c_str());
    open_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
}

void ProgressBar::End() {
  if (open_) std::fprintf(stderr, "\n");
  open_ = false;
}

}  // namespace pumasi
