#include "worker/model/part.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

namespace pumasi {
namespace {

// Three rows of one token.
Part ThreeRows() {
  Part part;
  part.offsets = {0, 1, 2, 3};
  part.tokens = {0, 0, 0};
  part.ids = {7};
  return part;
}

std::string Refusal(const Part& part, v1::Loss loss) { return std::string(CheckPart(part, 4, true, loss).message()); }

TEST_CASE("Sets of labels have to be those of the rows, ascending, each label once") {
  const auto refusal = [](std::vector<uint32_t> offsets, std::vector<int32_t> labels) {
    Part part = ThreeRows();
    part.label_offsets = std::move(offsets);
    part.labels = std::move(labels);
    return Refusal(part, v1::LOSS_BINARY_CROSS_ENTROPY);
  };
  CHECK(refusal({0, 2, 2, 3}, {0, 3, 1}).empty());
  CHECK(refusal({0, 0, 0, 0}, {}).empty());
  CHECK(refusal({}, {}).find("0 label offsets for 3 rows") != std::string::npos);
  CHECK(refusal({0, 2, 3}, {0, 3, 1}).find("3 label offsets for 3 rows") != std::string::npos);
  CHECK(refusal({0, 2, 2, 4}, {0, 3, 1}).find("go from 0 to 4; they have to go from 0 to its 3 labels") !=
        std::string::npos);
  CHECK(refusal({1, 2, 2, 3}, {0, 3, 1}).find("go from 1") != std::string::npos);
  CHECK(refusal({0, 2, 1, 3}, {0, 3, 1}) == "the labels of row 1 of a part end before they begin");
  CHECK(refusal({0, 900, 2, 3}, {0, 3, 1}) == "the labels of row 0 of a part end before they begin");
  CHECK(refusal({0, 2, 2, 3}, {3, 0, 1}) == "the labels of row 0 of a part have to ascend, but 0 follows 3");
  CHECK(refusal({0, 2, 2, 3}, {3, 3, 1}) == "the labels of row 0 of a part have to ascend, but 3 follows 3");
  CHECK(refusal({0, 2, 2, 3}, {0, 3, 4}) == "row 2 of a part has label 4; labels are 0 to 3");
  CHECK(refusal({0, 2, 2, 3}, {-1, 3, 1}) == "row 0 of a part has label -1; labels are 0 to 3");
}

TEST_CASE("Targets have to be those of the rows, and finite") {
  Part part = ThreeRows();
  part.targets.assign(12, 0.5f);
  CHECK(Refusal(part, v1::LOSS_MSE).empty());
  part.targets[9] = NAN;
  CHECK(Refusal(part, v1::LOSS_MSE) == "row 2 of a part has target nan; targets are finite numbers");
  part.targets.pop_back();
  CHECK(Refusal(part, v1::LOSS_MSE) == "a part has 11 targets for 3 rows of 4 numbers");
}

TEST_CASE("One label a row is what cross entropy asks for; without labels nothing is") {
  Part part = ThreeRows();
  CHECK(Refusal(part, v1::LOSS_CROSS_ENTROPY) == "a part has 0 labels for 3 rows");
  for (const v1::Loss loss : {v1::LOSS_CROSS_ENTROPY, v1::LOSS_BINARY_CROSS_ENTROPY, v1::LOSS_MSE}) {
    CHECK(CheckPart(part, 4, false, loss).ok());
    CHECK(CheckPart(Part(), 4, true, loss).ok());
  }
}

}  // namespace
}  // namespace pumasi
