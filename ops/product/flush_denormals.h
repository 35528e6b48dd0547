// The processor's mode in which denormal numbers are zero.
#ifndef PUMASI_OPS_PRODUCT_FLUSH_DENORMALS_H_
#define PUMASI_OPS_PRODUCT_FLUSH_DENORMALS_H_

#include <immintrin.h>

namespace pumasi {

// While it lives, this thread's vector arithmetic takes denormal operands and gives denormal results as zero, as the
// processor's bf16 instruction always does.
class FlushDenormals {
 public:
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | kFlushResults | kFlushOperands); }
  ~FlushDenormals() { _mm_setcsr(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  static constexpr unsigned kFlushResults = 0x8000, kFlushOperands = 0x0040;
  const unsigned before_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_PRODUCT_FLUSH_DENORMALS_H_
