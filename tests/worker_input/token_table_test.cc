#include "worker/input/token_table.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "worker/input/token_counter.h"
#include "worker/input/token_queue.h"
#include "worker/input/vocabulary.h"

namespace pumasi {
namespace {

// Tokens of all lengths, many of them again and again; some alike but for one byte, with NULs, or very long.
std::vector<std::string> SomeTokens(std::mt19937_64* random, int count) {
  std::vector<std::string> tokens;
  for (int i = 0; i < count; ++i) {
    std::string token((*random)() % ((*random)() % 8 == 0 ? 45 : 18), 'x');
    if (i % 997 == 0) token.assign(5000 + (*random)() % 10000, 'y');
    if (!token.empty()) token[(*random)() % token.size()] = static_cast<char>((*random)() % 256);
    if ((*random)() % 2 == 0) token += std::to_string((*random)() % 5000);
    tokens.push_back(token);
  }
  return tokens;
}

TEST_CASE("Tokens are numbered and counted as a map does it, one by one or through a queue") {
  for (const uint64_t seed : {1, 2, 3}) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::vector<std::string> tokens = SomeTokens(&random, 30000);
    std::map<std::string, uint32_t> numbers;
    std::vector<uint64_t> counts;
    std::vector<uint32_t> expected;
    for (const std::string& token : tokens) {
      const auto [place, added] = numbers.insert({token, static_cast<uint32_t>(numbers.size())});
      if (added) counts.push_back(0);
      ++counts[place->second];
      expected.push_back(place->second);
    }

    TokenCounter single, queued;
    for (size_t i = 0; i < tokens.size(); ++i) REQUIRE(single.Add(tokens[i]) == expected[i]);
    std::vector<uint32_t> queue_numbers;
    {
      TokenQueue queue(&queued, &queue_numbers);
      for (size_t i = 0; i < tokens.size();) {
        // In lists of any length, the memory of which is used for something else right after.
        std::vector<std::string> list;
        for (uint64_t n = random() % 300; n > 0 && i < tokens.size(); --n) list.push_back(tokens[i++]);
        const std::vector<std::string_view> views(list.begin(), list.end());
        queue.Add(views);
        for (std::string& token : list) token.assign(token.size(), '?');
      }
    }
    CHECK((queue_numbers == expected));
    REQUIRE(single.size() == numbers.size());
    REQUIRE(queued.size() == numbers.size());
    for (const auto& [token, number] : numbers) {
      const bool same = single.token(number) == token && queued.token(number) == token &&
                        single.count(number) == counts[number] && queued.count(number) == counts[number];
      REQUIRE(same);
    }
  }
}

TEST_CASE("Merging tells the numbers that the tokens have in the sum") {
  const uint64_t seed = 4;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  TokenCounter sum;
  for (int share = 0; share < 4; ++share) {
    TokenCounter part;
    for (const std::string& token : SomeTokens(&random, 3000)) part.Add(token);
    const std::vector<uint32_t> numbers = sum.Merge(part);
    REQUIRE(numbers.size() == part.size());
    for (size_t i = 0; i < numbers.size(); ++i) {
      const bool same = sum.token(numbers[i]) == part.token(i);
      REQUIRE(same);
    }
  }
}

TEST_CASE("A guess is only a guess: one that is wrong or missing changes nothing") {
  TokenTable table;
  for (int i = 0; i < 1000; ++i) table.FindOrAdd(TokenKey::Of("token" + std::to_string(i)), TokenTable::kNone);
  for (int i = 0; i < 1000; ++i) {
    const std::string token = "token" + std::to_string(i);
    const TokenKey key = TokenKey::Of(token);
    REQUIRE(table.Guess(key) != TokenTable::kNone);
    REQUIRE(table.FindOrAdd(key, static_cast<uint32_t>((i + 1) % 1000)) == static_cast<uint32_t>(i));
    REQUIRE(table.Find(key, static_cast<uint32_t>((i + 1) % 1000)) == static_cast<uint32_t>(i));
  }
  CHECK(table.size() == 1000);
  CHECK(table.Find(TokenKey::Of("none"), 7) == TokenTable::kNone);
}

TEST_CASE("A vocabulary tells the ids of all counted tokens") {
  const uint64_t seed = 5;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  TokenCounter counts;
  for (const std::string& token : SomeTokens(&random, 5000)) counts.Add(token);
  const std::string rare(counts.token(counts.size() - 1));
  for (const VocabularyRules& rules :
       {VocabularyRules{.limit = 300}, VocabularyRules{.limit = 1 << 20}, VocabularyRules{.limit = 2},
        VocabularyRules{.limit = 300, .first_id = 1, .first_token = rare},
        VocabularyRules{.limit = 300, .first_id = 1, .first_token = "no token"}}) {
    std::vector<uint32_t> ids, found;
    const Vocabulary vocabulary = Vocabulary::FromCounts(counts, rules, &ids);
    std::vector<std::string_view> tokens;
    for (size_t i = 0; i < counts.size(); ++i) tokens.push_back(counts.token(i));
    vocabulary.FindAll(tokens, &found);
    CHECK((ids == found));
    for (size_t i = 0; i < counts.size(); ++i) REQUIRE(vocabulary.Find(tokens[i]) == ids[i]);
  }
}

}  // namespace
}  // namespace pumasi
