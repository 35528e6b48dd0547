#ifndef PUMASI_WORKER_INPUT_ZIPF_H_
#define PUMASI_WORKER_INPUT_ZIPF_H_

#include <cstdint>
#include <vector>

namespace pumasi {

// Zipf's distribution over 1 … n: P(k) is in proportion to k^-exponent. By inverting the cumulative distribution: a
// table for the first million numbers; beyond it the sum is so close to its integral (midpoint rule, relative error
// below exponent² / 24 · 10^-12) that the integral is inverted instead. So memory is bounded whatever n.
//
// Uses additions, multiplications, divisions and roots alone (IEEE rounds them the same everywhere, the C library's pow
// does not), so every machine draws the same numbers. Immutable, so any number of threads may draw.
class Zipf {
 public:
  // REQUIRES: 1 <= n < 2^32, 0 <= exponent <= 10.
  Zipf(uint64_t n, double exponent);

  // The number at which the cumulative distribution passes `uniform`, in [0, 1).
  uint64_t Draw(double uniform) const;

 private:
  // The integral of x^-exponent from the table's end + 1/2 to x, and its inverse.
  double TailIntegral(double x) const;
  double InvertTail(double integral) const;

  const uint64_t n_;
  const double exponent_;
  // Running sums of k^-exponent: sums_[k - 1] is that of 1 … k, for k up to the table's size.
  std::vector<double> sums_;
  // guide_[j]: the first index of sums_ above j / guide_.size() of the table's total, where a search can begin.
  std::vector<uint32_t> guide_;
  double tail_begin_ = 0;
  // Of all n numbers.
  double total_ = 0;
};

// x^y for x > 0 by IEEE arithmetic alone: the same bits on every machine; relative error about 1e-14 for |y·log2(x)| <
// 400.
double PortablePower(double x, double y);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ZIPF_H_
