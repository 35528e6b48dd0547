#include "ops/confusion_matrix.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace pumasi {

TEST_CASE("a matrix without samples gives zeros") {
  const ConfusionMatrix none;
  CHECK(none.samples() == 0);
  CHECK(none.Accuracy() == 0);
  CHECK(none.MacroF1() == 0);
  CHECK(none.MostConfused(5).empty());
}

TEST_CASE("accuracy and macro F1 are those of scikit-learn's worked example") {
  // f1_score([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], average="macro") is 0.2666...
  const int truth[] = {0, 1, 2, 0, 1, 2}, predicted[] = {0, 2, 1, 0, 0, 1};
  ConfusionMatrix matrix;
  for (int i = 0; i < 6; ++i) matrix.Add(truth[i], predicted[i]);
  CHECK(matrix.samples() == 6);
  CHECK(matrix.Accuracy() == Approx(2.0 / 6));
  CHECK(matrix.MacroF1() == Approx(4.0 / 15));
  CHECK(matrix.MostConfused(2) == std::vector<ConfusionMatrix::Entry>{{2, 1, 2}, {1, 0, 1}});
}

TEST_CASE("with several labels a row, macro F1 leaves out the class that stands for none") {
  // f1_score([[1, 0, 1], [0, 1, 0], [1, 0, 0]], [[1, 0, 0], [0, 1, 1], [0, 0, 0]], average="macro"): class 0 has one
  // right and one missed label, class 1 one right, class 2 one missed and one wrong.
  ConfusionMatrix matrix;
  matrix.Add(0, 0);
  matrix.Add(2, 3);
  matrix.Add(1, 1);
  matrix.Add(3, 2);
  matrix.Add(0, 3);
  CHECK(matrix.MacroF1(3) == Approx((2.0 / 3 + 1 + 0) / 3));
  CHECK(matrix.MacroF1(3) > matrix.MacroF1());
}

TEST_CASE("matrices of parts add up to that of the whole, in any order") {
  std::minstd_rand random(7);
  ConfusionMatrix whole, parts[3], merged;
  for (int i = 0; i < 500; ++i) {
    const uint32_t truth = random() % 5, predicted = random() % 5;
    whole.Add(truth, predicted);
    parts[random() % 3].Add(truth, predicted);
  }
  for (const int part : {2, 0, 1}) merged.Merge(parts[part]);
  CHECK(merged.Entries() == whole.Entries());
  CHECK(merged.MacroF1() == whole.MacroF1());
}

}  // namespace pumasi
