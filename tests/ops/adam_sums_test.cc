#include "ops/adam_sums.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "ops/integer_power.h"

namespace pumasi {
namespace {

// Term after term, as the header has the formulas.
std::vector<AdamTerm> PlainTerms(const AdamSettings& settings, uint64_t last, uint64_t terms, double* kept) {
  std::vector<AdamTerm> out(terms);
  const double root = std::sqrt(settings.beta_2);
  double beta_1_power = IntegerPower(settings.beta_1, last), beta_2_power = IntegerPower(settings.beta_2, last);
  double beta_1_decay = 1, decay = 1;
  for (uint64_t j = 0; j < terms; ++j) {
    beta_1_power *= settings.beta_1;
    beta_2_power *= settings.beta_2;
    beta_1_decay *= settings.beta_1;
    if (!settings.amsgrad) decay *= root;
    const double rate = settings.learning_rate * settings.schedule.Factor(last + 1 + j);
    if (settings.torch_epsilon) {
      out[j] = {rate / (1 - beta_1_power) * beta_1_decay, decay / AdamCorrection(beta_2_power)};
    } else {
      out[j] = {AdamStepSize(rate, beta_1_power, beta_2_power) * beta_1_decay, decay};
    }
  }
  *kept = 1;
  if (settings.weight_decay != 0) {
    for (uint64_t j = terms; j-- > 0;) {
      out[j].weight *= *kept;
      *kept *= 1 - settings.learning_rate * settings.weight_decay * settings.schedule.Factor(last + 1 + j);
    }
  }
  return out;
}

AdamSums PlainSums(const AdamSettings& settings, uint64_t last, uint64_t terms) {
  AdamSums sums;
  const std::vector<AdamTerm> all = PlainTerms(settings, last, terms, &sums.kept);
  double total = 0, decayed = 0;
  for (const AdamTerm& term : all) {
    total += term.weight;
    decayed += term.weight * term.decay;
    if (term.weight < 0) sums.converges = false;
  }
  if (!sums.converges || total == 0) return sums;
  sums.centre = decayed / total;
  double left_out = 0;
  for (const AdamTerm& term : all) {
    const double distance = sums.centre - term.decay;
    double power = term.weight;
    for (double& moment : sums.moments) {
      moment += power;
      power *= distance;
    }
    left_out += term.weight * IntegerPower(std::fabs(distance) / sums.centre, AdamSums::kMoments) *
                std::max(1.0, sums.centre / term.decay);
  }
  sums.converges = left_out <= total / (1 << 24);
  return sums;
}

bool SameBits(double a, double b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }

RateSchedule WarmUp() {
  v1::Schedule schedule;
  schedule.set_warmup(60);
  schedule.mutable_exponential()->set_every(100);
  schedule.mutable_exponential()->set_factor(0.7);
  return RateSchedule(schedule);
}

TEST_CASE("Sums and terms have the bits of adding term after term") {
  std::vector<AdamSettings> all = {{1e-3, 0.9, 0.999, 1e-8},
                                   {1e-3, 0.9, 0.99, 1e-7},
                                   {0.1, 0.5, 0.9, 1e-3},
                                   {1e-3, 0.99, 0.9, 1e-8},
                                   {1e-3, 0, 0.999, 1e-8},
                                   {1e-3, 0.9, 0, 1e-8},
                                   {0, 0.9, 0.999, 1e-8},
                                   {1e-3, 0.9, 0.999, 1e-8, true},
                                   {1e-3, 0.99, 0.9, 1e-8, true, true},
                                   {1e-3, 0.9, 0.999, 1e-8, false, true},
                                   {1e-2, 0.9, 0.99, 1e-8, true, false, 0.3},
                                   {0.5, 0.9, 0.999, 1e-8, false, false, 1},
                                   {0.5, 0.9, 0.999, 1e-8, false, false, 3}};
  for (AdamSettings settings : {all[0], all[7], all[10]}) {
    settings.schedule = WarmUp();
    all.push_back(settings);
  }
  size_t diverging = 0;
  for (const AdamSettings& settings : all) {
    for (const uint64_t last : {1, 2, 3, 50, 100000}) {
      for (const uint64_t count : {1, 2, 3, 7, 8, 63, 64, 65, 200, 258, 1000}) {
        CAPTURE(settings.learning_rate, settings.beta_1, settings.beta_2, settings.epsilon, settings.torch_epsilon,
                settings.amsgrad, settings.weight_decay, settings.schedule.always_one(), last, count);
        double kept, want_kept;
        const std::vector<AdamTerm> terms = MakeAdamTerms(settings, last, count, &kept);
        const std::vector<AdamTerm> want_terms = PlainTerms(settings, last, count, &want_kept);
        bool same = SameBits(kept, want_kept) && terms.size() == want_terms.size();
        for (size_t j = 0; same && j < terms.size(); ++j) {
          same = SameBits(terms[j].weight, want_terms[j].weight) && SameBits(terms[j].decay, want_terms[j].decay);
        }
        REQUIRE(same);
        const AdamSums sums = MakeAdamSums(settings, last, count), want = PlainSums(settings, last, count);
        REQUIRE(sums.converges == want.converges);
        REQUIRE(SameBits(sums.kept, want.kept));
        diverging += !sums.converges;
        if (!sums.converges) continue;  // then nobody looks at the rest
        REQUIRE(SameBits(sums.centre, want.centre));
        for (int p = 0; p < AdamSums::kMoments; ++p) REQUIRE(SameBits(sums.moments[p], want.moments[p]));
      }
    }
  }
  CHECK(diverging > 0);
}

}  // namespace
}  // namespace pumasi
