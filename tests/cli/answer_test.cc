#include "tools/cli/answer.h"

#include <catch2/catch.hpp>
#include <limits>

namespace pumasi {
namespace {

const std::vector<std::string> kLabels = {"red", "green", "blue"};

std::string AnswerTo(v1::Loss loss, const std::vector<float>& values, size_t top = 1, bool json = false) {
  return Answer("some text", values.data(), values.size(), kLabels, {loss, top, json});
}

TEST_CASE("Of one class a row the most likely ones are told, equally likely ones by number") {
  const v1::Loss loss = v1::LOSS_CROSS_ENTROPY;
  CHECK(AnswerTo(loss, {0.25, 0.5, 0.25}) == "green\t0.5000\tsome text");
  CHECK(AnswerTo(loss, {0.25, 0.5, 0.25}, 2) == "green\t0.5000\tred\t0.2500\tsome text");
  CHECK(AnswerTo(loss, {0.25, 0.5, 0.25}, 7) == "green\t0.5000\tred\t0.2500\tblue\t0.2500\tsome text");
  CHECK(AnswerTo(loss, {0.25, 0.5, 0.25}, 1, true) ==
        R"({"text":"some text","label":"green","probability":0.5,"top":[{"label":"green","probability":0.5}]})");
}

TEST_CASE("Of several labels a row all that are more likely than not are told, and none is (none)") {
  const v1::Loss loss = v1::LOSS_BINARY_CROSS_ENTROPY;
  CHECK(AnswerTo(loss, {0.75, 0.25, 0.875}) == "blue\t0.8750\tred\t0.7500\tsome text");
  CHECK(AnswerTo(loss, {0.5, 0.25, 0}, 2) == "(none)\tsome text");
  CHECK(AnswerTo(loss, {0.75, 0.25, 0}, 2, true) ==
        R"({"text":"some text","labels":[{"label":"red","probability":0.75}],)"
        R"("top":[{"label":"red","probability":0.75},{"label":"green","probability":0.25}]})");
  CHECK(AnswerTo(loss, {0.25, 0, 0}, 1, true) ==
        R"({"text":"some text","labels":[],"top":[{"label":"red","probability":0.25}]})");
}

TEST_CASE("Numbers are told as they are") {
  CHECK(AnswerTo(v1::LOSS_MSE, {-0.5, 1e-7f, 123456}) == "-0.5\t1e-07\t123456\tsome text");
  CHECK(AnswerTo(v1::LOSS_MSE, {-0.5, 3}, 1, true) == R"({"text":"some text","numbers":[-0.5,3.0]})");
  CHECK(AnswerTo(v1::LOSS_MSE, {std::numeric_limits<float>::infinity()}, 1, true) ==
        R"({"text":"some text","numbers":[null]})");
}

}  // namespace
}  // namespace pumasi
