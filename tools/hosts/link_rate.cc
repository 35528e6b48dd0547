#include "tools/hosts/link_rate.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace pumasi {
namespace {

constexpr double kLowest = 1e6, kHighest = 1e12;

}  // namespace

absl::StatusOr<uint64_t> ParseLinkRate(const std::string& text) {
  if (text == "none") return kUnlimited;
  const std::string lower = absl::AsciiStrToLower(text);
  absl::string_view number = lower;
  double unit = 0;
  if (absl::ConsumeSuffix(&number, "gbit")) unit = 1e9;
  if (absl::ConsumeSuffix(&number, "mbit")) unit = 1e6;
  double rate = 0;
  // SimpleAtod takes "nan" and "1e300", which the bounds refuse.
  if (unit == 0 || !absl::SimpleAtod(number, &rate) || !(rate * unit >= kLowest && rate * unit <= kHighest)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--link ", text, ": expected a rate from 1mbit to 1000gbit, as 100mbit or 2.5gbit, or none"));
  }
  return static_cast<uint64_t>(rate * unit);
}

}  // namespace pumasi
