#include "worker/input/label_set.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/input/line_escape.h"

namespace pumasi {
namespace {

std::optional<int64_t> AsInteger(const std::string& name) {
  int64_t value = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::vector<uint32_t> OrderByBytes(const std::vector<std::string>& names) {
  std::vector<uint32_t> order(names.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return names[a] < names[b]; });
  return order;
}

}  // namespace

LabelSet LabelSet::FromNames(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (std::all_of(names.begin(), names.end(), [](const std::string& name) { return AsInteger(name).has_value(); })) {
    // Stable: names of one value ("1", "01") keep the order of their bytes.
    std::stable_sort(names.begin(), names.end(),
                     [](const std::string& a, const std::string& b) { return *AsInteger(a) < *AsInteger(b); });
  }
  LabelSet labels;
  labels.by_bytes_ = OrderByBytes(names);
  labels.names_ = std::move(names);
  return labels;
}

absl::StatusOr<LabelSet> LabelSet::FromText(std::string_view text) {
  if (!text.empty() && text.back() != '\n') return absl::InvalidArgumentError("the last line of the labels is cut");
  LabelSet labels;
  while (!text.empty()) {
    const size_t length = text.find('\n');
    std::optional<std::string> name = UnescapeLine(text.substr(0, length));
    if (!name.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", labels.names_.size() + 1, " of the labels holds an unknown escape"));
    }
    labels.names_.push_back(*std::move(name));
    text.remove_prefix(length + 1);
  }
  labels.by_bytes_ = OrderByBytes(labels.names_);
  for (size_t i = 1; i < labels.by_bytes_.size(); ++i) {
    if (labels.names_[labels.by_bytes_[i - 1]] == labels.names_[labels.by_bytes_[i]]) {
      return absl::InvalidArgumentError("the labels repeat a name");
    }
  }
  return labels;
}

std::string LabelSet::ToText() const {
  std::string text;
  for (const std::string& name : names_) {
    AppendEscapedLine(name, &text);
    text.push_back('\n');
  }
  return text;
}

std::optional<uint32_t> LabelSet::Find(std::string_view name) const {
  const auto found = std::lower_bound(by_bytes_.begin(), by_bytes_.end(), name,
                                      [&](uint32_t label, std::string_view wanted) { return names_[label] < wanted; });
  if (found == by_bytes_.end() || names_[*found] != name) return std::nullopt;
  return *found;
}

}  // namespace pumasi
