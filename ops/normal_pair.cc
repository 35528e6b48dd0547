#include "ops/normal_pair.h"

#include <cmath>

namespace pumasi {
namespace {

// ln x of a normal positive number: with x = m·2^e, m in [√½, √2), and s = (m − 1) / (m + 1), |s| ≤ 0.1716, it is
// e·ln 2 + 2·(s + s³/3 + s⁵/5 + …).
double Log(double x) {
  uint64_t bits = __builtin_bit_cast(uint64_t, x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = __builtin_bit_cast(double, (bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  const double s = (m - 1) / (m + 1), square = s * s;
  double sum = 0;
  for (int k = 23; k >= 3; k -= 2) sum = (sum + 1.0 / k) * square;
  return exponent * 0.69314718055994531 + 2 * (s + s * sum);
}

// Taylor's series; x in [0, π/4].
double Sin(double x) {
  const double square = x * x;
  double sum = 0;
  for (int k = 17; k >= 3; k -= 2) sum = (1 - sum) * square / (k * (k - 1));
  return x - x * sum;
}

double Cos(double x) {
  const double square = x * x;
  double sum = 0;
  for (int k = 18; k >= 4; k -= 2) sum = (1 - sum) * square / (k * (k - 1));
  return 1 - (1 - sum) * square / 2;
}

}  // namespace

NormalPair NormalPairOf(uint32_t a, uint32_t b) {
  constexpr double kWords = 4294967296.0, kTurn = 6.28318530717958647692;
  const double radius = std::sqrt(-2 * Log((a + 0.5) / kWords));
  // The angle's distance from the nearest multiple of a quarter turn.
  const uint32_t octant = b >> 29, inside = b & ((1u << 29) - 1);
  const double x = (octant % 2 == 0 ? inside : (1u << 29) - inside) * (kTurn / kWords);
  const bool swapped = ((octant + 1) / 2) % 2 == 1;
  const double cosine = swapped ? Sin(x) : Cos(x), sine = swapped ? Cos(x) : Sin(x);
  return {octant >= 2 && octant <= 5 ? -radius * cosine : radius * cosine,
          octant >= 4 ? -radius * sine : radius * sine};
}

}  // namespace pumasi
