#include "tools/cli/profile_view.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tools/cli/profile_report.h"

namespace pumasi {
namespace {

constexpr absl::Duration kRedraw = absl::Seconds(2);
constexpr size_t kWidth = 79;

size_t LinesOf(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

std::string BlockAbove(const std::string& text, size_t lines) {
  // Terminals: ESC 7 keeps the place of the cursor, ESC 8 returns to it; ESC [n A goes up; K clears the rest of a line,
  // J all that follows.
  const std::string up = lines > 0 ? absl::StrCat("\r\033[", lines, "A") : "\r";
  if (LinesOf(text) != lines) return absl::StrCat(up, "\033[J", text);
  return absl::StrCat("\0337", up, absl::StrReplaceAll(text, {{"\n", "\033[K\n"}}), "\0338");
}

ProfileView::ProfileView() : terminal_(isatty(STDERR_FILENO)) {}

void ProfileView::Show(const v1::JobStatus& status, absl::Duration now) {
  if (!terminal_ || now - last_ < kRedraw) return;
  std::string text = ProfileTable(status);
  if (text.empty()) return;
  // A line that wraps would be two; the whole sentence comes with the result.
  const std::string bottleneck = BottleneckText(status);
  absl::StrAppend(&text, bottleneck.size() < kWidth ? bottleneck : bottleneck.substr(0, kWidth - 3) + "...", "\n");
  last_ = now;
  std::fprintf(stderr, "%s", BlockAbove(text, lines_).c_str());
  std::fflush(stderr);
  lines_ = LinesOf(text);
}

}  // namespace pumasi
