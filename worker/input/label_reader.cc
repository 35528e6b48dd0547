#include "worker/input/label_reader.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/escape.h"
#include "worker/input/label_set.h"

namespace pumasi {
namespace {

// Calls piece(text) for what stands between separators, until it returns false; returns what it returned last.
template <typename Piece>
bool ForEachPiece(std::string_view value, std::string_view separator, const Piece& piece) {
  while (true) {
    const size_t end = value.find(separator);
    if (!piece(value.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    value.remove_prefix(end + separator.size());
  }
}

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 64;
  return absl::StrCat("\"", EscapeControls(std::string(text.substr(0, kShown))), "\"");
}

// Allows white space around the number and a sign; infinity and NaN are numbers here.
bool ParseNumber(std::string_view text, float* number) {
  // Abseil also reads hexadecimal numbers.
  return text.find_first_of("xX") == std::string_view::npos &&
         absl::SimpleAtof(absl::string_view(text.data(), text.size()), number);
}

bool ReadNumber(std::string_view text, float* number) { return ParseNumber(text, number) && std::isfinite(*number); }

std::string NumberProblem(std::string_view text) {
  float number = 0;
  if (text.empty()) return "a number is missing";
  if (!ParseNumber(text, &number)) return absl::StrCat(Quoted(text), " is no number");
  if (text.find_first_of("0123456789") == std::string_view::npos) {
    return absl::StrCat(Quoted(text), " is no finite number");
  }
  return absl::StrCat(Quoted(text), " is beyond float32, whose largest number is 3.4e38");
}

}  // namespace

bool LabelReader::Read(std::string_view value, Values* values) const {
  switch (kind_) {
    case LabelKind::kClass:
      values->names.assign(1, value);
      return true;
    case LabelKind::kClasses:
      return ReadNames(value, &values->names);
    case LabelKind::kNumbers:
      return ReadNumbers(value, &values->numbers);
  }
  return false;
}

bool LabelReader::ReadNames(std::string_view value, std::vector<std::string_view>* names) const {
  names->clear();
  if (value.empty()) return true;
  return ForEachPiece(value, separator_, [&](std::string_view name) {
    names->push_back(name);
    return !name.empty();
  });
}

bool LabelReader::ReadNumbers(std::string_view value, std::vector<uint32_t>* numbers) const {
  numbers->clear();
  const bool sound = ForEachPiece(value, separator_, [&](std::string_view piece) {
    float number = 0;
    if (!ReadNumber(piece, &number)) return false;
    numbers->push_back(BitsOf(number));
    return true;
  });
  return sound && (numbers_ == 0 ? numbers->size() <= kMaxClasses : numbers->size() == numbers_);
}

std::string LabelReader::Problem(std::string_view value) const {
  Values values;
  if (Read(value, &values)) return "";
  if (kind_ == LabelKind::kClasses) {
    return absl::StrCat("an empty label in ", Quoted(value), "; labels stand with one ", Quoted(separator_),
                        " between them, and a row without labels has an empty column");
  }
  std::string problem;
  const std::string separated = absl::StrCat("with one ", Quoted(separator_), " between two");
  const bool readable = ForEachPiece(value, separator_, [&](std::string_view piece) {
    float number = 0;
    if (ReadNumber(piece, &number)) return true;
    problem = NumberProblem(piece);
    if (piece != value) absl::StrAppend(&problem, " in ", Quoted(value));
    return false;
  });
  if (readable && numbers_ == 0) {
    return absl::StrCat(values.numbers.size(), " numbers; ", kMaxClasses, " is the most");
  }
  if (readable) {
    return absl::StrCat(values.numbers.size(), values.numbers.size() == 1 ? " number" : " numbers",
                        ", but the first training row has ", numbers_, "; all rows need as many, ", separated);
  }
  return absl::StrCat(problem, "; with loss: mse the column holds finite numbers, such as 0.5, ", separated);
}

}  // namespace pumasi
