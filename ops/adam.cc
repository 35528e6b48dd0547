#include "ops/adam.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "ops/integer_power.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// Sums that a thread made lately, by (optimizer, last step, terms). Which ones are there changes the time and never a
// result.
const AdamSums& CachedSums(uint64_t optimizer, const AdamSettings& settings, uint64_t last, uint64_t terms) {
  struct Entry {
    uint64_t optimizer = 0;
    uint64_t last = 0;
    uint64_t terms = 0;
    AdamSums sums;
  };
  // Rows of one batch were last touched at up to a few thousand different steps.
  constexpr size_t kEntries = 4096;
  thread_local std::vector<Entry> cache(kEntries);
  Entry& entry = cache[(last + terms * 613) % kEntries];
  if (entry.optimizer != optimizer || entry.last != last || entry.terms != terms) {
    entry = {optimizer, last, terms, MakeAdamSums(settings, last, terms)};
  }
  return entry.sums;
}

PUMASI_VECTOR_CLONES void MoveBySums(int width, const AdamSums& sums, double epsilon, const float* value,
                                     const float* m, const float* v, float* out) {
  const double centre = sums.centre;
  double moments[AdamSums::kMoments];
  std::copy_n(sums.moments, AdamSums::kMoments, moments);
#pragma GCC ivdep
  for (int i = 0; i < width; ++i) {
    const double root = std::sqrt(static_cast<double>(v[i]));
    const double inverse = 1 / (root * centre + epsilon);
    const double y = root * inverse;
    double series = moments[AdamSums::kMoments - 1];
    for (int p = AdamSums::kMoments - 2; p >= 0; --p) series = series * y + moments[p];
    out[i] = static_cast<float>(value[i] - m[i] * (inverse * series));
  }
}

// A piece of a row that the stack holds.
constexpr int kPiece = 256;

PUMASI_VECTOR_CLONES void AddTerm(int width, double weight, double decay, double epsilon, const double* __restrict root,
                                  double* __restrict sum) {
  for (int i = 0; i < width; ++i) sum[i] += weight / (root[i] * decay + epsilon);
}

void MoveByTerms(int width, const AdamSettings& settings, uint64_t last, uint64_t terms, const float* value,
                 const float* m, const float* v, float* out) {
  for (int begin = 0; begin < width; begin += kPiece) {
    const int count = std::min(kPiece, width - begin);
    double root[kPiece], sum[kPiece] = {};
    for (int i = 0; i < count; ++i) root[i] = std::sqrt(static_cast<double>(v[begin + i]));
    AdamTerms term(settings, last);
    for (uint64_t j = 0; j < terms; ++j) {
      term.Next();
      AddTerm(count, term.weight(), term.decay(), settings.epsilon, root, sum);
    }
    for (int i = 0; i < count; ++i) out[begin + i] = static_cast<float>(value[begin + i] - m[begin + i] * sum[i]);
  }
}

PUMASI_VECTOR_CLONES void Decay(int count, double factor, float* values) {
  for (int i = 0; i < count; ++i) values[i] = static_cast<float>(values[i] * factor);
}

PUMASI_VECTOR_CLONES void ApplyRow(int width, const AdamSettings& settings, double step_size,
                                   const float* __restrict gradient, float* __restrict value, float* __restrict m,
                                   float* __restrict v) {
  const double beta_1 = settings.beta_1, beta_2 = settings.beta_2, epsilon = settings.epsilon;
  const double rest_1 = 1 - beta_1, rest_2 = 1 - beta_2;
  for (int i = 0; i < width; ++i) {
    const double g = gradient[i];
    const double first = beta_1 * m[i] + rest_1 * g;
    const double second = beta_2 * v[i] + rest_2 * (g * g);
    m[i] = static_cast<float>(first);
    v[i] = static_cast<float>(second);
    value[i] = static_cast<float>(value[i] - step_size * first / (std::sqrt(second) + epsilon));
  }
}

uint64_t NextId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Adam::Adam(const AdamSettings& settings)
    : id_(NextId()), settings_(settings), most_terms_(AdamTermsThatCount(settings)) {}

void Adam::Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const {
  // Before its first step a row has no moments.
  if (step == last || last == 0) {
    if (out != value) std::copy_n(value, width, out);
    return;
  }
  const float* const m = slots;
  const float* const v = slots + width;
  const uint64_t terms = std::min(step - last, most_terms_);
  const AdamSums& sums = CachedSums(id_, settings_, last, terms);
  if (sums.converges) {
    MoveBySums(width, sums, settings_.epsilon, value, m, v, out);
  } else {
    MoveByTerms(width, settings_, last, terms, value, m, v, out);
  }
}

void Adam::CatchUp(uint64_t last, uint64_t step, int width, float* value, float* slots) const {
  if (step == last || last == 0) return;
  Peek(last, step, width, value, slots, value);
  Decay(width, IntegerPower(settings_.beta_1, step - last), slots);
  Decay(width, IntegerPower(settings_.beta_2, step - last), slots + width);
}

void Adam::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  const double step_size =
      AdamStepSize(settings_, IntegerPower(settings_.beta_1, step), IntegerPower(settings_.beta_2, step));
  ApplyRow(width, settings_, step_size, gradient, value, slots, slots + width);
}

}  // namespace pumasi
