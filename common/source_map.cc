#include "common/source_map.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pumasi {

void SourceMap::Set(absl::string_view path, int line, int column) {
  places_[std::string(path)] = absl::StrCat(file_, file_.empty() ? "" : ":", line, ":", column);
}

void SourceMap::SetOrigin(absl::string_view path, absl::string_view origin) {
  for (auto place = places_.begin(); place != places_.end();) {
    const bool below = absl::StartsWith(place->first, absl::StrCat(path, ".")) ||
                       absl::StartsWith(place->first, absl::StrCat(path, "["));
    place = below ? places_.erase(place) : std::next(place);
  }
  places_[std::string(path)] = std::string(origin);
}

std::string SourceMap::At(absl::string_view path) const {
  for (;;) {
    if (const auto place = places_.find(std::string(path)); place != places_.end()) return place->second;
    if (path.empty()) return file_;
    const size_t end = path.find_last_of(".[");
    path = path.substr(0, end == absl::string_view::npos ? 0 : end);
  }
}

absl::Status SourceMap::Error(absl::string_view path, absl::string_view message) const {
  const std::string at = At(path);
  // A flag is named after its field: "--lease: ..." says it all.
  if (!path.empty() && at == absl::StrCat("--", path))
    return absl::InvalidArgumentError(absl::StrCat(at, ": ", message));
  return absl::InvalidArgumentError(absl::StrCat(at, at.empty() ? "" : ": ", path, path.empty() ? "" : ": ", message));
}

}  // namespace pumasi
