#include "worker/input/label_encoder.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "tests/worker_input/plain_labels.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using Words = std::vector<uint32_t>;

LabelEncoder Classes(const std::string& separator) {
  return LabelEncoder(LabelReader(LabelKind::kClasses, separator), LabelSet::FromNames({"b", "a", "c d", "e"}));
}

LabelEncoder Numbers(uint32_t count, const std::string& separator = "|") {
  return LabelEncoder(LabelReader(LabelKind::kNumbers, separator, count), LabelSet::FromNames({}));
}

Words Encode(const LabelEncoder& encoder, std::string_view value) {
  LabelReader::Values values;
  Words words = {77};
  CAPTURE(std::string(value));
  REQUIRE(encoder.Encode(value, &values, &words));
  CHECK(encoder.Problem(value).empty());
  return words;
}

std::string Problem(const LabelEncoder& encoder, std::string_view value) {
  LabelReader::Values values;
  Words words;
  CAPTURE(std::string(value));
  REQUIRE_FALSE(encoder.Encode(value, &values, &words));
  return encoder.Problem(value);
}

TEST_CASE("One class a row is the whole value, separators and all") {
  const LabelEncoder encoder(LabelReader(LabelKind::kClass, "|"), LabelSet::FromNames({"a|b", "a"}));
  CHECK(encoder.classes() == 2);
  CHECK(Encode(encoder, "a") == Words{0});
  CHECK(Encode(encoder, "a|b") == Words{1});
  CHECK(Problem(encoder, "b") == "the label \"b\" is none of the 2 labels of the training rows");
}

TEST_CASE("Several labels a row ascend, each once, whatever their order; none is fine") {
  const LabelEncoder encoder = Classes("|");
  CHECK(encoder.classes() == 4);
  CHECK(Encode(encoder, "").empty());
  CHECK(Encode(encoder, "a") == Words{0});
  CHECK(Encode(encoder, "e|a") == Words{0, 3});
  CHECK(Encode(encoder, "c d|b|c d|a|a") == Words{0, 1, 2});
  CHECK(Encode(Classes(", "), "b, c d, a") == Words{0, 1, 2});
  for (const char* value : {"|", "a|", "|a", "a||b"}) {
    CHECK_THAT(Problem(encoder, value), Contains("an empty label in \"" + std::string(value) + "\""));
  }
  CHECK(Problem(encoder, "a|z") == "the label \"z\" is none of the 4 labels of the training rows");
  CHECK_THAT(Problem(encoder, "A"), Contains("the label \"A\""));
  CHECK_THAT(Problem(encoder, " a"), Contains("the label \" a\""));
}

TEST_CASE("Numbers are read as float32, as many in each row as the first has") {
  CHECK(Encode(Numbers(1), "0.1") == Words{BitsOf(0.1f)});
  CHECK(Encode(Numbers(3), "-1e-3|+2|.5") == Words{BitsOf(-1e-3f), BitsOf(2), BitsOf(0.5f)});
  CHECK(Encode(Numbers(2, ", "), "1 , 2") == Words{BitsOf(1), BitsOf(2)});
  CHECK(Encode(Numbers(2), "3.4028235e38|-0") == Words{BitsOf(3.4028235e38f), BitsOf(-0.0f)});
  CHECK(Encode(Numbers(1), "1e-60") == Words{BitsOf(0)});
  CHECK(Numbers(3).classes() == 3);

  CHECK_THAT(Problem(Numbers(2), "1"), Contains("1 number, but the first training row has 2"));
  CHECK_THAT(Problem(Numbers(2), "1|2|3"), Contains("3 numbers, but the first training row has 2"));
  CHECK_THAT(Problem(Numbers(2), "1|x"), Contains("\"x\" is no number in \"1|x\"") && Contains("such as 0.5"));
  CHECK_THAT(Problem(Numbers(2), "1|"), Contains("a number is missing"));
  CHECK_THAT(Problem(Numbers(1), ""), Contains("a number is missing"));
  CHECK_THAT(Problem(Numbers(1), "nan"), Contains("\"nan\" is no finite number"));
  CHECK_THAT(Problem(Numbers(1), "-inf"), Contains("\"-inf\" is no finite number"));
  CHECK_THAT(Problem(Numbers(1), "1e39"), Contains("\"1e39\" is beyond float32"));
  CHECK_THAT(Problem(Numbers(1), "1e999"), Contains("\"1e999\" is beyond float32"));
  CHECK_THAT(Problem(Numbers(1), "0x10"), Contains("is no number"));
  CHECK_THAT(Problem(Numbers(1), "1 2"), Contains("is no number"));
}

TEST_CASE("Without a decided count any number of numbers is sound, but none") {
  const LabelReader reader(LabelKind::kNumbers, "|");
  LabelReader::Values values;
  CHECK(reader.Read("1", &values));
  CHECK(reader.Read("1|2|3", &values));
  CHECK(values.numbers.size() == 3);
  CHECK_FALSE(reader.Read("", &values));
}

TEST_CASE("Values of random pieces are read as the plain way reads them") {
  const std::vector<std::string> pieces = {"a",    "b",   "c d", "e",   "",  "z",  "1",   "-2.5", "1e3",   "nan",
                                           "1e39", " 7 ", "inf", "0.1", "|", "||", "1 2", "+3",   "1e-46", "16777217"};
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::string separator = seed % 3 == 0 ? "||" : seed % 3 == 1 ? "|" : "; ";
    const LabelEncoder classes = Classes(separator), numbers = Numbers(1 + seed % 3, separator);
    for (int i = 0; i < 500; ++i) {
      std::string value;
      for (size_t n = random() % 5; n > 0; --n) {
        value += pieces[random() % pieces.size()] + (n > 1 || random() % 8 == 0 ? separator : "");
      }
      CAPTURE(value);
      LabelReader::Values values;
      Words words;
      const auto names = PlainNames(value, separator);
      bool known = names.has_value();
      Words expected;
      if (known) {
        for (const std::string& name : *names) {
          const auto label = classes.labels().Find(name);
          known = known && label.has_value();
          if (label.has_value()) expected.push_back(*label);
        }
        std::sort(expected.begin(), expected.end());
      }
      REQUIRE(classes.Encode(value, &values, &words) == known);
      REQUIRE(classes.Problem(value).empty() == known);
      if (known) REQUIRE(words == expected);

      const auto plain = PlainNumbers(value, separator);
      const bool sound = plain.has_value() && plain->size() == numbers.classes();
      REQUIRE(numbers.Encode(value, &values, &words) == sound);
      REQUIRE(numbers.Problem(value).empty() == sound);
      if (sound) REQUIRE(std::memcmp(words.data(), plain->data(), words.size() * sizeof(float)) == 0);
    }
  }
}

}  // namespace
}  // namespace pumasi
