#include "ops/adam.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "ops/integer_power.h"
#include "ops/row_motion.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// Sums that a thread made lately, by (optimizer, last step, terms). Which ones are there changes the time and never a
// result.
const AdamSums& CachedSums(uint64_t optimizer, const AdamSettings& settings, uint64_t last, uint64_t terms,
                           uint64_t most_terms) {
  struct Entry {
    uint64_t optimizer = 0;
    uint64_t last = 0;
    uint64_t terms = 0;
    AdamSums sums;
  };
  // Rows that were touched lately need sums that no later step needs, a few hundred kinds of them. Those of all others
  // are good for as long as rows are left that were last touched at that step, up to a few thousand kinds: they have
  // entries of their own, which the others do not take.
  constexpr size_t kPassing = 1024, kLasting = 4096;
  thread_local std::vector<Entry> cache(kPassing + kLasting);
  Entry& entry = cache[terms < most_terms ? terms % kPassing : kPassing + last % kLasting];
  if (entry.optimizer != optimizer || entry.last != last || entry.terms != terms) {
    entry = {optimizer, last, terms, MakeAdamSums(settings, last, terms)};
  }
  return entry.sums;
}

// kept: the share of the value that stays; after: the share of the movement.
PUMASI_VECTOR_CLONES void MoveBySums(int width, const AdamSums& sums, double epsilon, double kept, double after,
                                     const float* value, const float* m, const float* v, float* out) {
  const double centre = sums.centre;
  double moments[AdamSums::kMoments];
  for (int p = 0; p < AdamSums::kMoments; ++p) moments[p] = sums.moments[p] * after;
#pragma GCC ivdep
  for (int i = 0; i < width; ++i) {
    const double root = std::sqrt(static_cast<double>(v[i]));
    const double inverse = 1 / (root * centre + epsilon);
    const double y = root * inverse;
    double series = moments[AdamSums::kMoments - 1];
    for (int p = AdamSums::kMoments - 2; p >= 0; --p) series = series * y + moments[p];
    out[i] = static_cast<float>(value[i] * kept - m[i] * (inverse * series));
  }
}

// A piece of a row that the stack holds.
constexpr int kPiece = 256;

PUMASI_VECTOR_CLONES void AddTerm(int width, double weight, double decay, double epsilon, const double* __restrict root,
                                  double* __restrict sum) {
  for (int i = 0; i < width; ++i) sum[i] += weight / (root[i] * decay + epsilon);
}

void MoveByTerms(int width, const std::vector<AdamTerm>& terms, double epsilon, double kept, double after,
                 const float* value, const float* m, const float* v, float* out) {
  for (int begin = 0; begin < width; begin += kPiece) {
    const int count = std::min(kPiece, width - begin);
    double root[kPiece], sum[kPiece] = {};
    for (int i = 0; i < count; ++i) root[i] = std::sqrt(static_cast<double>(v[begin + i]));
    for (const AdamTerm& term : terms) AddTerm(count, term.weight, term.decay, epsilon, root, sum);
    for (int i = 0; i < count; ++i) {
      out[begin + i] = static_cast<float>(value[begin + i] * kept - m[begin + i] * (sum[i] * after));
    }
  }
}

struct StepFactors {
  double kept;       // the share that weight decay leaves
  double step_size;  // λ·c / (1 − β₁ᵗ)
  double epsilon;    // beside √v
};

StepFactors MakeStepFactors(const AdamSettings& settings, uint64_t step) {
  const double beta_2_power = IntegerPower(settings.beta_2, step);
  const double rate = settings.learning_rate * settings.schedule.Factor(step);
  return {1 - rate * settings.weight_decay, AdamStepSize(rate, IntegerPower(settings.beta_1, step), beta_2_power),
          settings.torch_epsilon ? settings.epsilon * AdamCorrection(beta_2_power) : settings.epsilon};
}

template <bool kAmsgrad>
PUMASI_INLINE void ApplyRow(int width, const StepFactors& step, double beta_1, double beta_2,
                            const float* __restrict gradient, float* __restrict value, float* __restrict m,
                            float* __restrict v, float* __restrict largest) {
  const double kept = step.kept, step_size = step.step_size, epsilon = step.epsilon;
  const double rest_1 = 1 - beta_1, rest_2 = 1 - beta_2;
  for (int i = 0; i < width; ++i) {
    const double g = gradient[i];
    const double first = beta_1 * m[i] + rest_1 * g;
    const double second = beta_2 * v[i] + rest_2 * (g * g);
    m[i] = static_cast<float>(first);
    v[i] = static_cast<float>(second);
    double divisor = second;
    if (kAmsgrad) {
      const double before = largest[i];
      divisor = second <= before ? before : second;  // so that NaN spreads
      largest[i] = static_cast<float>(divisor);
    }
    value[i] = static_cast<float>(value[i] * kept - step_size * first / (std::sqrt(divisor) + epsilon));
  }
}

PUMASI_VECTOR_CLONES void ApplyPlain(int width, const StepFactors& step, double beta_1, double beta_2,
                                     const float* gradient, float* value, float* m, float* v) {
  ApplyRow<false>(width, step, beta_1, beta_2, gradient, value, m, v, nullptr);
}

PUMASI_VECTOR_CLONES void ApplyAmsgrad(int width, const StepFactors& step, double beta_1, double beta_2,
                                       const float* gradient, float* value, float* m, float* v, float* largest) {
  ApplyRow<true>(width, step, beta_1, beta_2, gradient, value, m, v, largest);
}

uint64_t NextId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Adam::Adam(const AdamSettings& settings)
    : id_(NextId()),
      settings_(settings),
      most_terms_(AdamTermsThatCount(settings)),
      decay_(settings.learning_rate * settings.weight_decay, settings.schedule) {}

std::vector<std::string> Adam::slot_names() const {
  if (settings_.amsgrad) return {"m", "v", "v_max"};
  return {"m", "v"};
}

void Adam::Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const {
  const bool decays = settings_.weight_decay != 0;
  if (step == last || (last == 0 && !decays)) {
    if (out != value) std::copy_n(value, width, out);
    return;
  }
  if (last == 0) {
    // Before its first step a row has no moments.
    if (out != value) std::copy_n(value, width, out);
    ScaleRow(width, decay_.Product(0, step), out);
    return;
  }
  const float* const m = slots;
  const float* const v = slots + (settings_.amsgrad ? 2 : 1) * width;
  const uint64_t terms = std::min(step - last, most_terms_);
  const AdamSums& sums = CachedSums(id_, settings_, last, terms, most_terms_);
  const double after = decays ? decay_.Product(last + terms, step) : 1;
  const double kept = sums.kept * after;
  if (sums.converges) {
    MoveBySums(width, sums, settings_.epsilon, kept, after, value, m, v, out);
  } else {
    const std::vector<AdamTerm> all = MakeAdamTerms(settings_, last, terms, nullptr);
    MoveByTerms(width, all, settings_.epsilon, kept, after, value, m, v, out);
  }
}

void Adam::MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const {
  if (step == last || last == 0) return;
  ScaleRow(width, IntegerPower(settings_.beta_1, step - last), slots);
  ScaleRow(width, IntegerPower(settings_.beta_2, step - last), slots + width);
}

void Adam::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  // All rows of a step share its factors. Which ones a thread made last changes the time and never a result.
  struct Entry {
    uint64_t optimizer = 0;
    uint64_t step = 0;
    StepFactors factors = {};
  };
  thread_local Entry made;
  if (made.optimizer != id_ || made.step != step) made = {id_, step, MakeStepFactors(settings_, step)};
  const double beta_1 = settings_.beta_1, beta_2 = settings_.beta_2;
  float* const m = slots;
  float* const v = slots + width;
  if (settings_.amsgrad) {
    ApplyAmsgrad(width, made.factors, beta_1, beta_2, gradient, value, m, v, v + width);
  } else {
    ApplyPlain(width, made.factors, beta_1, beta_2, gradient, value, m, v);
  }
}

}  // namespace pumasi
