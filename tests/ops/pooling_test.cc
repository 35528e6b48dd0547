#include "ops/pooling.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace pumasi {
namespace {

// Two rows: vectors 0, 1, 0 and none.
struct Problem {
  std::vector<uint32_t> offsets = {0, 3, 3}, tokens = {0, 1, 0};
  std::vector<float> vectors = {1, -2, 1, 5};
  std::vector<float> out = std::vector<float>(4, NAN), gradient = std::vector<float>(4, NAN);
  std::vector<float> out_gradient = {3, 4, 5, 6};
  IndexedSequences input() const { return {2, offsets.data(), tokens.data(), 2, 2, vectors.data()}; }
};

TEST_CASE("The first of equal largest values gets the gradient; a row without tokens gives zeros") {
  Problem p;
  std::vector<uint32_t> largest(4);
  GlobalMaxForward(p.input(), p.out.data(), largest.data());
  CHECK(p.out == std::vector<float>{1, 5, 0, 0});
  GlobalMaxBackward(p.input(), p.out_gradient.data(), largest.data(), p.gradient.data());
  CHECK(p.gradient == std::vector<float>{3, 0, 0, 4});
}

TEST_CASE("A vector that occurs twice counts twice in the mean") {
  Problem p;
  GlobalAverageForward(p.input(), p.out.data());
  CHECK(p.out[0] == Approx(1));
  CHECK(p.out[1] == Approx(1.0 / 3));
  CHECK(p.out[2] == 0);
  GlobalAverageBackward(p.input(), p.out_gradient.data(), p.gradient.data());
  CHECK(p.gradient[0] == Approx(2));
  CHECK(p.gradient[2] == Approx(1));
}

TEST_CASE("NaN reaches the largest value wherever it stands") {
  for (const size_t place : {0, 2}) {
    Problem p;
    p.vectors[place] = NAN;
    std::vector<uint32_t> largest(4);
    GlobalMaxForward(p.input(), p.out.data(), largest.data());
    CHECK(std::isnan(p.out[0]));
    CHECK(p.out[1] == 5);
  }
}

}  // namespace
}  // namespace pumasi
