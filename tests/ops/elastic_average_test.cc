// Elastic averaging against plain loops of its rule, in double and step by step.
#include "ops/elastic_average.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

namespace pumasi {
namespace {

constexpr int kWidth = 7;

using Values = std::vector<double>;

// The rule in the paper's own terms: all x and c move by what they were before.
struct Plain {
  Plain(const std::vector<float>& start, uint32_t lanes) : c(start.begin(), start.end()), x(lanes, c) {}

  // `g`: lanes × width.
  void Step(double share, const std::vector<float>& g) {
    const double alpha = share / static_cast<double>(x.size());
    for (size_t i = 0; i < c.size(); ++i) {
      double pull = 0;
      for (size_t lane = 0; lane < x.size(); ++lane) {
        const double come_to = x[lane][i] - g[lane * c.size() + i], from_centre = come_to - c[i];
        x[lane][i] = come_to - alpha * from_centre;
        pull += from_centre;
      }
      c[i] += alpha * pull;
    }
  }

  Values c;
  std::vector<Values> x;
};

struct Row {
  std::vector<float> value, slots;
  uint64_t last = 0;
};

std::vector<float> Random(size_t size, std::mt19937_64& random) {
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(std::uniform_real_distribution<double>(-1, 1)(random));
  return values;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> Centre(const ElasticAverage& elastic, const Row& row, uint64_t step) {
  std::vector<float> out(kWidth);
  elastic.Peek(row.last, step, kWidth, row.value.data(), row.slots.data(), out.data());
  return out;
}

std::vector<float> Lane(const ElasticAverage& elastic, const Row& row, uint32_t lane, uint64_t step) {
  std::vector<float> out(kWidth);
  elastic.PeekLane(lane, row.last, step, kWidth, row.value.data(), row.slots.data(), out.data());
  return out;
}

void CheckClose(const std::vector<float>& got, const Values& right) {
  for (size_t i = 0; i < got.size(); ++i) {
    if (std::abs(got[i] - right[i]) > 2e-5) CHECK(got[i] == Approx(right[i]));
  }
}

TEST_CASE(
    "Lanes and centre go where plain loops of the rule take them, in steps that touch a row and in those between") {
  const auto seed = static_cast<uint32_t>(std::random_device()());
  const uint32_t lanes = GENERATE(2, 3, 8);
  const double share = GENERATE(0.1, 0.9, 1.0);
  CAPTURE(seed, lanes, share);
  std::mt19937_64 random(seed);
  const ElasticAverage elastic(lanes, share);
  CHECK(elastic.slots() == static_cast<int>(lanes));
  CHECK(elastic.slot_names().size() == lanes);
  CHECK(elastic.slot_names()[1] == "lane_1");
  Row row = {Random(kWidth, random), std::vector<float>(kWidth * lanes, 9)};
  elastic.InitSlots(kWidth, row.slots.data());
  Plain plain(row.value, lanes);
  const auto check = [&](uint64_t step) {
    CheckClose(Centre(elastic, row, step), plain.c);
    for (uint32_t lane = 0; lane < lanes; ++lane) CheckClose(Lane(elastic, row, lane, step), plain.x[lane]);
  };
  check(0);
  const std::vector<float> none(kWidth * lanes);
  for (uint64_t step = 1; step <= 60; ++step) {
    if (random() % 4 > 0) {
      plain.Step(share, none);
    } else {
      std::vector<float> gradient = Random(kWidth * lanes, random);
      // Of some lanes the step touches nothing.
      for (uint32_t lane = 0; lane < lanes; ++lane) {
        if (random() % 2 > 0) std::fill_n(gradient.begin() + lane * kWidth, kWidth, 0.0f);
      }
      elastic.CatchUp(row.last, step - 1, kWidth, row.value.data(), row.slots.data());
      elastic.Apply(step, kWidth, gradient.data(), row.value.data(), row.slots.data());
      row.last = step;
      plain.Step(share, gradient);
    }
    check(step);
  }
}

TEST_CASE("What Peek gives is what CatchUp leaves, for the centre and for each lane") {
  const uint64_t steps = GENERATE(0, 1, 2, 30, 100000);
  CAPTURE(steps);
  std::mt19937_64 random(3);
  constexpr uint32_t kLanes = 4;
  const ElasticAverage elastic(kLanes, 0.6);
  const Row row = {Random(kWidth, random), Random(kWidth * kLanes, random), 5};
  const std::vector<float> centre = Centre(elastic, row, 5 + steps);
  Row moved = row;
  elastic.CatchUp(5, 5 + steps, kWidth, moved.value.data(), moved.slots.data());
  moved.last = 5 + steps;
  CHECK(SameBits(moved.value, centre));
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    const std::vector<float> own = Lane(elastic, moved, lane, moved.last);
    CHECK(SameBits(own, Lane(elastic, row, lane, 5 + steps)));
    std::vector<float> added = moved.value;
    AddLane(lane, kWidth, moved.slots.data(), added.data());
    CHECK(SameBits(own, added));
    // In the end all are the mean of where they and the centre were.
    for (int i = 0; steps > 1000 && i < kWidth; ++i) {
      double sum = 0;
      for (uint32_t other = 0; other < kLanes; ++other) sum += row.slots[other * kWidth + i];
      CHECK(own[i] == Approx(row.value[i] + sum / (kLanes + 1)).margin(1e-6));
    }
  }
}

TEST_CASE("A row that no lane has touched stays, to the bit, and knows no lanes") {
  const ElasticAverage elastic(3, 0.9);
  const Row row = {{1, -0.1f, 3e-30f, 4, 5, 1e30f, 7}, std::vector<float>(kWidth * 3)};
  CHECK(SameBits(Centre(elastic, row, 1000), row.value));
  CHECK(SameBits(Lane(elastic, row, 2, 1000), row.value));
}

}  // namespace
}  // namespace pumasi
