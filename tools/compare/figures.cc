#include "tools/compare/figures.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pumasi {

std::string Thousands(double value) {
  if (!std::isfinite(value)) return "-";
  if (std::abs(value) < 999.5) return absl::StrFormat("%.3g", value);
  std::string digits = absl::StrFormat("%.0f", value);
  for (size_t at = digits.size(); at > (value < 0 ? 4u : 3u); at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string Bytes(double bytes) {
  const char* unit = "B";
  for (const char* larger : {"kB", "MB", "GB", "TB"}) {
    if (bytes < 999.5) break;
    bytes /= 1000;
    unit = larger;
  }
  return absl::StrFormat("%.3g %s", bytes, unit);
}

std::string Seconds(double seconds) {
  if (seconds < 119.95) return absl::StrFormat("%.*f s", seconds < 9.995 ? 2 : 1, seconds);
  const long whole = std::lround(seconds);
  return absl::StrFormat("%d:%02d min", whole / 60, whole % 60);
}

std::string Percent(double share) { return absl::StrFormat("%.0f %%", 100 * share); }

std::string Measure(double value) { return absl::StrFormat("%.4f", value); }

std::string Counted(uint64_t count, const std::string& one) {
  return absl::StrCat(count, " ", one, count == 1 ? "" : "s");
}

}  // namespace pumasi
