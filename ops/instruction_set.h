// Which vector instructions the kernels that are written for one instruction set use (ops/product). Plain loops are
// compiled for several and need no choice here (ops/vector_clones.h).
#ifndef PUMASI_OPS_INSTRUCTION_SET_H_
#define PUMASI_OPS_INSTRUCTION_SET_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pumasi {

// Ascending: a machine that has one has those before it.
enum class InstructionSet {
  kBaseline,    // any x86-64
  kAvx2,        // AVX2 and FMA
  kAvx512,      // AVX-512 F, BW, DQ and VL
  kAvx512Bf16,  // and AVX512_BF16
};

// "baseline", "avx2", "avx512" or "avx512_bf16".
absl::string_view Name(InstructionSet set);

// The best that this machine has.
InstructionSet BestInstructionSet();

// What kernels use: the best that the machine has, at most the one that the environment variable
// PUMASI_INSTRUCTION_SET names, so that a test or a user can see what another machine computes. Chosen at the first
// call. Thread-safe.
InstructionSet UsedInstructionSet();

// The choice itself: `cap` is the variable's value, nullptr if it is not set. A name that is unknown or beyond `best`
// gives the best, and `complaint` says what was wrong; otherwise it is left empty.
InstructionSet ChooseInstructionSet(const char* cap, InstructionSet best, std::string* complaint);

// Until it ends, UsedInstructionSet() is `set`, or the best that the machine has if that is less. For tests and
// benchmarks: REQUIRES that no product is under way, or packed matrix used, across its beginning or end.
class ScopedInstructionSet {
 public:
  explicit ScopedInstructionSet(InstructionSet set);
  ~ScopedInstructionSet();
  ScopedInstructionSet(const ScopedInstructionSet&) = delete;
  ScopedInstructionSet& operator=(const ScopedInstructionSet&) = delete;

 private:
  const InstructionSet before_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_INSTRUCTION_SET_H_
