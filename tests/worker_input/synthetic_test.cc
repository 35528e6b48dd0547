#include "worker/input/synthetic.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace pumasi {
namespace {

v1::Synthetic Config(uint64_t rows, uint32_t vocabulary, double zipf) {
  v1::Synthetic config;
  config.set_rows(rows);
  config.set_words(50);
  config.set_vocabulary(vocabulary);
  config.set_classes(31);
  config.set_zipf(zipf);
  return config;
}

TEST_CASE("A row depends on seed and number alone, and its label on its last id") {
  const auto a = SyntheticRows::Make(Config(1000, 266927, 1.05), 1);
  const auto b = SyntheticRows::Make(Config(50, 266927, 1.05), 1);
  const auto c = SyntheticRows::Make(Config(50, 266927, 1.05), 2);
  REQUIRE(a.ok());
  REQUIRE(b.ok());
  REQUIRE(c.ok());
  CHECK(a->test == nullptr);
  CHECK(a->train->rows() == 1000);
  std::vector<uint32_t> ids, again, other;
  std::vector<uint32_t> label, label_again, other_label;
  for (uint64_t row : {49, 0, 7}) {
    a->train->Get(row, &ids, &label);
    b->train->Get(row, &again, &label_again);
    c->train->Get(row, &other, &other_label);
    CHECK(ids == again);
    CHECK(label == label_again);
    CHECK(ids != other);
    REQUIRE(ids.size() == 50);
    for (const uint32_t id : ids) CHECK((id >= 1 && id <= 266926));
    REQUIRE(label.size() == 1);
    CHECK(label[0] == (uint64_t{ids.back()} * 2654435761u >> 7) % 31);
  }
}

TEST_CASE("The rows are these for ever, on every machine") {
  const std::vector<uint32_t> small = {2, 7757, 14, 26822, 39, 296, 29496, 1483, 2, 7061};
  const std::vector<uint32_t> large = {4, 1144253, 50, 10558965, 230, 5151, 12577060, 68943, 3, 971110};
  std::vector<uint32_t> ids;
  std::vector<uint32_t> label;
  for (const uint32_t vocabulary : {266'927u, 900'000'000u}) {
    const auto sources = SyntheticRows::Make(Config(1000, vocabulary, 1.05), 1);
    REQUIRE(sources.ok());
    sources->train->Get(123, &ids, &label);
    ids.resize(10);
    CHECK(ids == (vocabulary < 1'000'000 ? small : large));
  }
}

TEST_CASE("Test rows go on where the training rows end") {
  v1::Synthetic config = Config(10, 1000, 1);
  config.set_test_rows(5);
  const auto sources = SyntheticRows::Make(config, 3);
  REQUIRE(sources.ok());
  REQUIRE(sources->test != nullptr);
  CHECK(sources->test->rows() == 5);
  const auto longer = SyntheticRows::Make(Config(15, 1000, 1), 3);
  std::vector<uint32_t> ids, again;
  std::vector<uint32_t> label;
  sources->test->Get(2, &ids, &label);
  longer->train->Get(12, &again, &label);
  CHECK(ids == again);
}

TEST_CASE("Ids follow Zipf's law, also beyond the table") {
  for (const double exponent : {0.0, 0.5, 1.0, 1.05, 2.0}) {
    const uint32_t n = 3'000'000;
    CAPTURE(exponent);
    const Zipf zipf(n, exponent);
    double total = 0, below_ten = 0, below_million = 0, below_two_million = 0;
    for (uint32_t k = 1; k <= n; ++k) {
      const double p = std::pow(k, -exponent);
      total += p;
      if (k <= 10) below_ten += p;
      if (k <= 1'000'000) below_million += p;
      if (k <= 2'000'000) below_two_million += p;
    }
    // The largest number drawn for a share just below a bound, the smallest just above.
    const auto check = [&](double sum, uint64_t bound) {
      if (sum / total > 1 - 1e-6) return;
      CHECK(zipf.Draw(sum / total * (1 - 1e-9)) <= bound);
      CHECK(zipf.Draw(std::min(sum / total * (1 + 1e-9), 1 - 0x1p-53)) >= bound);
    };
    check(below_ten, 10);
    check(below_million, 1'000'000);
    check(below_two_million, 2'000'000);
    CHECK(zipf.Draw(0) == 1);
    CHECK(zipf.Draw(1 - 0x1p-53) <= n);
  }
}

TEST_CASE("Small and even distributions work") {
  const Zipf one(1, 1.05);
  CHECK(one.Draw(0) == 1);
  CHECK(one.Draw(1 - 0x1p-53) == 1);
  const Zipf even(4, 0);
  CHECK(even.Draw(0.24) == 1);
  CHECK(even.Draw(0.26) == 2);
  CHECK(even.Draw(0.99) == 4);
}

TEST_CASE("Powers are right to a part in 10^13") {
  for (double x : {1.0, 1.5, 2.0, 10.0, 12345.0, 1e6, 1e9}) {
    for (double y : {0.0, 1.0, -1.0, -1.05, 0.5, -10.0}) {
      CAPTURE(x, y);
      CHECK(PortablePower(x, y) == Approx(std::pow(x, y)).epsilon(1e-13));
    }
  }
}

TEST_CASE("Numbers outside their bounds are refused") {
  v1::Synthetic config = Config(10, 1000, 1);
  config.set_words(0);
  CHECK(absl::IsInvalidArgument(SyntheticRows::Make(config, 1).status()));
  CHECK(absl::IsInvalidArgument(SyntheticRows::Make(Config(0, 1000, 1), 1).status()));
  CHECK(absl::IsInvalidArgument(SyntheticRows::Make(Config(10, 1, 1), 1).status()));
  CHECK(absl::IsInvalidArgument(SyntheticRows::Make(Config(10, 1000, -1), 1).status()));
  CHECK(absl::IsInvalidArgument(SyntheticRows::Make(Config(10, 1000, std::nan("")), 1).status()));
}

}  // namespace
}  // namespace pumasi
