// The label column and columns of ids, read as plainly as can be, to check the fast way against.
#ifndef PUMASI_TESTS_WORKER_INPUT_PLAIN_LABELS_H_
#define PUMASI_TESTS_WORKER_INPUT_PLAIN_LABELS_H_

#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace pumasi {

// What stands between separators; an empty text is one empty piece.
inline std::vector<std::string> PlainPieces(const std::string& text, const std::string& separator) {
  std::vector<std::string> pieces(1);
  for (size_t i = 0; i < text.size();) {
    if (text.compare(i, separator.size(), separator) == 0) {
      pieces.emplace_back();
      i += separator.size();
    } else {
      pieces.back() += text[i++];
    }
  }
  return pieces;
}

// A row's label names, each once; nothing where the value is malformed.
inline std::optional<std::set<std::string>> PlainNames(const std::string& value, const std::string& separator) {
  std::set<std::string> names;
  if (value.empty()) return names;
  for (const std::string& piece : PlainPieces(value, separator)) {
    if (piece.empty()) return std::nullopt;
    names.insert(piece);
  }
  return names;
}

// A row's numbers, read by the C library; nothing where the value is malformed.
inline std::optional<std::vector<float>> PlainNumbers(const std::string& value, const std::string& separator) {
  std::vector<float> numbers;
  for (const std::string& piece : PlainPieces(value, separator)) {
    char* end = nullptr;
    const float number = std::strtof(piece.c_str(), &end);
    while (end != nullptr && *end == ' ') ++end;
    if (piece.empty() || end == piece.c_str() || *end != '\0' || !std::isfinite(number)) return std::nullopt;
    numbers.push_back(number);
  }
  return numbers;
}

// The ids of a text, before it is cut; nothing where it is malformed.
inline std::optional<std::vector<uint32_t>> PlainIds(const std::string& text, uint32_t vocabulary) {
  std::vector<uint32_t> ids;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    if (word.size() > 18 || std::stoull(word) >= vocabulary) return std::nullopt;
    ids.push_back(static_cast<uint32_t>(std::stoull(word)));
  }
  if (ids.empty()) ids.push_back(0);
  return ids;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_WORKER_INPUT_PLAIN_LABELS_H_
