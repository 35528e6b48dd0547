#include "worker/input/byte_kernels.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "ops/instruction_set.h"
#include "tests/worker_input/plain_utf8.h"
#include "worker/input/byte_kernels_sets.h"
#include "worker/input/unicode_classes.h"
#include "worker/input/utf8.h"

namespace pumasi {
namespace {

// All that this machine can run.
std::vector<std::pair<const char*, const ByteKernels*>> AllKernels() {
  const InstructionSet best = BestInstructionSet();
  std::vector<std::pair<const char*, const ByteKernels*>> all = {{"baseline", &BaselineByteKernels()}};
  if (best >= InstructionSet::kAvx2) all.push_back({"avx2", &Avx2ByteKernels()});
  if (best >= InstructionSet::kAvx512) all.push_back({"avx512", &Avx512ByteKernels()});
  if (best >= InstructionSet::kAvx512 && __builtin_cpu_supports("avx512vbmi2")) {
    all.push_back({"vbmi2", &Vbmi2ByteKernels()});
  }
  return all;
}

// The runs of code points of which parts(code) is false.
template <typename Parts>
std::vector<std::string_view> PlainRuns(std::string_view text, const Parts& parts) {
  std::vector<std::string_view> tokens;
  const char* const end = text.data() + text.size();
  const char* token = text.data();
  for (const char* p = token; p < end;) {
    const char* const here = p;
    if (!parts(DecodeUtf8(p, end))) continue;
    if (here > token) tokens.emplace_back(token, here - token);
    token = p;
  }
  if (end > token) tokens.emplace_back(token, end - token);
  return tokens;
}

std::vector<std::string_view> PlainSplit(std::string_view text) { return PlainRuns(text, IsWhiteSpace); }

std::vector<std::string_view> PlainWords(std::string_view text) {
  return PlainRuns(text, [](char32_t code) { return !UnicodeClasses::Get().InWord(code); });
}

std::vector<std::string_view> SplitWords(const ByteKernels& kernels, std::string_view text) {
  std::vector<std::string_view> tokens((text.size() + 1) / 2 + 8);
  tokens.resize(kernels.split_words(text.data(), text.size(), UnicodeClasses::Get(), tokens.data()));
  return tokens;
}

std::string PlainLower(std::string_view text) {
  std::string lower;
  for (const char* p = text.data(); p < text.data() + text.size();) {
    const char* const here = p;
    const char32_t code = DecodeUtf8(p, text.data() + text.size());
    const char32_t small = UnicodeClasses::Get().Lower(code);
    small == code ? lower.append(here, p) : (AppendUtf8(small, &lower), lower);
  }
  return lower;
}

// Beyond the first plane, where nothing is told from the bytes alone, some of them.
std::string CodePoints() {
  std::string text;
  for (char32_t code = 0; code <= 0x10FFFF; code += code < 0x10000 ? 1 : 29) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    AppendUtf8(code, &text);
    text += code % 3 == 0 ? " " : "a";
  }
  return text;
}

// Calls check(text) with hard text of many lengths, each in memory of exactly its size.
template <typename Check>
void ForHardTexts(uint64_t seed, int rounds, bool may_be_valid, const Check& check) {
  std::mt19937_64 random(seed);
  for (int round = 0; round < rounds; ++round) {
    const std::string text = HardText(&random, random() % (round % 10 == 0 ? 300 : 30), may_be_valid && round % 2 == 0);
    const auto exact = std::make_unique<char[]>(text.size());
    std::copy(text.begin(), text.end(), exact.get());
    INFO("seed " << seed << ", round " << round);
    check(std::string_view(exact.get(), text.size()));
  }
}

TEST_CASE("What matters to CSV is found by every instruction set") {
  for (const auto& [name, kernels] : AllKernels()) {
    CAPTURE(name);
    ForHardTexts(1, 3000, false, [kernels = kernels](std::string_view text) {
      std::vector<uint32_t> expected, places(text.size() + 16);
      for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r') expected.push_back(i);
      }
      places.resize(kernels->find_csv(text.data(), text.size(), places.data()));
      const bool same = places == expected;
      REQUIRE(same);
    });
  }
}

TEST_CASE("Every byte value is told apart by every instruction set") {
  std::string text;
  for (int i = 0; i < 256; ++i) text.push_back(static_cast<char>(i));
  for (const auto& [name, kernels] : AllKernels()) {
    CAPTURE(name);
    std::vector<uint32_t> places(text.size() + 16);
    places.resize(kernels->find_csv(text.data(), text.size(), places.data()));
    CHECK(places == std::vector<uint32_t>{'\n', '\r', '"', ','});
    std::vector<std::string_view> tokens(text.size() / 2 + 9);
    tokens.resize(kernels->split_white(text.data(), text.size(), tokens.data()));
    const bool same = tokens == PlainSplit(text);
    CHECK(same);
  }
}

TEST_CASE("Text is split at white space as one character after the other shows it, by every instruction set") {
  for (const auto& [name, kernels] : AllKernels()) {
    CAPTURE(name);
    ForHardTexts(2, 6000, true, [kernels = kernels](std::string_view text) {
      std::vector<std::string_view> tokens((text.size() + 1) / 2 + 8);
      tokens.resize(kernels->split_white(text.data(), text.size(), tokens.data()));
      const std::vector<std::string_view> expected = PlainSplit(text);
      REQUIRE(tokens.size() == expected.size());
      for (size_t i = 0; i < tokens.size(); ++i) {
        const bool same = tokens[i].data() == expected[i].data() && tokens[i].size() == expected[i].size();
        REQUIRE(same);
      }
    });
  }
}

TEST_CASE("Words are found as one character after the other shows them, by every instruction set") {
  const std::string all = CodePoints();
  for (const auto& [name, kernels] : AllKernels()) {
    CAPTURE(name);
    const bool all_same = SplitWords(*kernels, all) == PlainWords(all);
    CHECK(all_same);
    ForHardTexts(5, 6000, true, [kernels = kernels](std::string_view text) {
      const bool same = SplitWords(*kernels, text) == PlainWords(text);
      REQUIRE(same);
    });
  }
}

TEST_CASE("Lower case is written up to a character that may have case, by every instruction set") {
  const std::string all = CodePoints();
  for (const auto& [name, kernels] : AllKernels()) {
    CAPTURE(name);
    std::string lower;
    for (std::string_view rest = all; !rest.empty();) {
      std::string part(rest.size() > 5000 ? 5000 : rest.size(), '?');
      const size_t size = part.size();
      part.resize(size + 64);
      const size_t done = kernels->lower_caseless(rest.data(), size, part.data());
      lower.append(part, 0, done);
      rest.remove_prefix(done);
      if (rest.empty()) break;
      const char* p = rest.data();
      const char32_t code = DecodeUtf8(p, rest.data() + rest.size());
      AppendUtf8(UnicodeClasses::Get().Lower(code), &lower);
      rest.remove_prefix(p - rest.data());
    }
    const bool all_same = lower == PlainLower(all);
    CHECK(all_same);
    ForHardTexts(6, 3000, true, [kernels = kernels](std::string_view text) {
      std::string written(text.size() + 64, '?');
      const size_t done = kernels->lower_caseless(text.data(), text.size(), written.data());
      REQUIRE(done <= text.size());
      const bool same = written.substr(0, done) == PlainLower(text.substr(0, done));
      REQUIRE(same);
      const bool advanced = text.empty() || static_cast<unsigned char>(text[0]) >= 0xC0 || done > 0;
      REQUIRE(advanced);
    });
  }
}

TEST_CASE("What is skipped as valid UTF-8 is valid, whole characters, and nearly all of it") {
  for (const auto& [name, kernels] : AllKernels()) {
    if (kernels->skip_valid_utf8 == nullptr) continue;
    CAPTURE(name);
    ForHardTexts(3, 6000, true, [kernels = kernels](std::string_view text) {
      // From each of the first places at which a character may begin.
      for (size_t from = 3; from < 12 && from <= text.size(); ++from) {
        if (PlainValidPrefix(text.substr(0, from)) != from) continue;
        const std::string_view rest = text.substr(from);
        const size_t valid = PlainValidPrefix(rest);
        const size_t skipped = kernels->skip_valid_utf8(rest.data(), rest.size());
        REQUIRE(skipped <= valid);
        REQUIRE(skipped + 64 + 4 > valid);
        REQUIRE(PlainValidPrefix(rest.substr(0, skipped)) == skipped);
      }
    });
  }
}

TEST_CASE("Keys are the same from every instruction set, and differ where tokens do") {
  for (const auto& [name, kernels] : AllKernels()) {
    CAPTURE(name);
    ForHardTexts(4, 500, true, [kernels = kernels](std::string_view text) {
      std::vector<std::string_view> tokens;
      for (size_t size = 0; size <= 40 && size <= text.size(); ++size)
        tokens.push_back(text.substr(text.size() - size));
      std::vector<TokenKey> keys(tokens.size());
      const bool long_ones = kernels->make_keys(tokens.data(), tokens.size(), keys.data());
      REQUIRE(long_ones == (tokens.size() > TokenKey::kInline + 1));
      for (size_t i = 0; i < tokens.size(); ++i) {
        const TokenKey plain = TokenKey::Of(tokens[i]);
        const bool same = keys[i].first == plain.first && keys[i].second == plain.second && keys[i].size == i &&
                          plain.size == i && keys[i].hash == plain.hash;
        REQUIRE(same);
        if (i > TokenKey::kInline) continue;
        // Such a key holds the token itself.
        const bool holds = std::string_view(reinterpret_cast<const char*>(&keys[i].first), i) == tokens[i];
        REQUIRE(holds);
      }
    });
  }
}

}  // namespace
}  // namespace pumasi
