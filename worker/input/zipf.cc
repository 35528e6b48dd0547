#include "worker/input/zipf.h"

#include <algorithm>
#include <cmath>

namespace pumasi {
namespace {

constexpr uint64_t kTableSize = 1 << 20;
constexpr double kLn2 = 0.693147180559945309417232121458;

// Natural logarithm: x = m · 2^e with m near 1, then log m = 2 atanh((m - 1) / (m + 1)) by its series.
double PortableLog(double x) {
  int exponent;
  double mantissa = std::frexp(x, &exponent);  // exact
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2;
    --exponent;
  }
  const double t = (mantissa - 1) / (mantissa + 1);  // |t| < 0.172
  const double t2 = t * t;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * t2 + 1.0 / k;
  return exponent * kLn2 + 2 * t * sum;
}

// e^x: x = k · ln 2 + r with |r| <= ln 2 / 2, then e^r by its series.
double PortableExp(double x) {
  const double k = std::nearbyint(x / kLn2);
  const double r = x - k * kLn2;
  double sum = 1;
  for (int n = 16; n >= 1; --n) sum = 1 + r / n * sum;
  return std::ldexp(sum, static_cast<int>(k));
}

}  // namespace

double PortablePower(double x, double y) { return PortableExp(y * PortableLog(x)); }

Zipf::Zipf(uint64_t n, double exponent) : n_(n), exponent_(exponent), sums_(std::min(n, kTableSize)) {
  double sum = 0;
  for (size_t k = 1; k <= sums_.size(); ++k) {
    sum += PortablePower(static_cast<double>(k), -exponent);
    sums_[k - 1] = sum;
  }
  tail_begin_ = static_cast<double>(sums_.size()) + 0.5;
  total_ = sum + (n > sums_.size() ? TailIntegral(static_cast<double>(n) + 0.5) : 0);

  guide_.resize(sums_.size());
  size_t index = 0;
  for (size_t j = 0; j < guide_.size(); ++j) {
    const double bound = sum * (static_cast<double>(j) / static_cast<double>(guide_.size()));
    while (sums_[index] <= bound) ++index;  // ends: the last sum is above every bound
    guide_[j] = static_cast<uint32_t>(index);
  }
}

double Zipf::TailIntegral(double x) const {
  const double power = 1 - exponent_;
  if (std::abs(power) < 1e-6) return PortableLog(x / tail_begin_);
  return (PortablePower(x, power) - PortablePower(tail_begin_, power)) / power;
}

double Zipf::InvertTail(double integral) const {
  const double power = 1 - exponent_;
  if (std::abs(power) < 1e-6) return tail_begin_ * PortableExp(integral);
  return PortablePower(PortablePower(tail_begin_, power) + integral * power, 1 / power);
}

uint64_t Zipf::Draw(double uniform) const {
  const double wanted = uniform * total_;
  const double head = sums_.back();
  if (wanted >= head && n_ > sums_.size()) {
    const double x = InvertTail(wanted - head);
    // Not a number, or beyond the end by rounding: the last one.
    if (!(x < static_cast<double>(n_) + 0.5)) return n_;
    return std::max<uint64_t>(static_cast<uint64_t>(x + 0.5), sums_.size() + 1);
  }
  // The guide may be one step too far, as its bound was rounded.
  size_t j = static_cast<size_t>(wanted / head * static_cast<double>(guide_.size()));
  j = std::min(j, guide_.size() - 1);
  size_t index = guide_[j];
  while (index > 0 && sums_[index - 1] > wanted) --index;
  while (index + 1 < sums_.size() && sums_[index] <= wanted) ++index;
  return index + 1;
}

}  // namespace pumasi
