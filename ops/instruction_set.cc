#include "ops/instruction_set.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

constexpr InstructionSet kAll[] = {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512,
                                   InstructionSet::kAvx512Bf16};

InstructionSet ChooseFromEnvironment() {
  std::string complaint;
  const InstructionSet chosen =
      ChooseInstructionSet(std::getenv("PUMASI_INSTRUCTION_SET"), BestInstructionSet(), &complaint);
  if (!complaint.empty()) std::fprintf(stderr, "%s\n", complaint.c_str());
  return chosen;
}

std::atomic<InstructionSet>& Used() {
  static std::atomic<InstructionSet> used{ChooseFromEnvironment()};
  return used;
}

}  // namespace

absl::string_view Name(InstructionSet set) {
  switch (set) {
    case InstructionSet::kBaseline:
      return "baseline";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAvx512Bf16:
      return "avx512_bf16";
  }
  return "unknown";
}

InstructionSet BestInstructionSet() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return InstructionSet::kBaseline;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
    return InstructionSet::kAvx2;
  }
  return __builtin_cpu_supports("avx512bf16") ? InstructionSet::kAvx512Bf16 : InstructionSet::kAvx512;
}

InstructionSet UsedInstructionSet() { return Used().load(std::memory_order_relaxed); }

InstructionSet ChooseInstructionSet(const char* cap, InstructionSet best, std::string* complaint) {
  complaint->clear();
  if (cap == nullptr) return best;
  for (const InstructionSet set : kAll) {
    if (Name(set) != cap) continue;
    if (set <= best) return set;
    *complaint = absl::StrCat("PUMASI_INSTRUCTION_SET=", cap, ": this machine does not have it; ", Name(best),
                              " is used, the best that it has");
    return best;
  }
  *complaint = absl::StrCat("PUMASI_INSTRUCTION_SET=", cap,
                            ": no such instruction set; baseline, avx2, avx512 and avx512_bf16 are known, ", Name(best),
                            " is used, the best that this machine has");
  return best;
}

ScopedInstructionSet::ScopedInstructionSet(InstructionSet set) : before_(UsedInstructionSet()) {
  Used().store(std::min(set, BestInstructionSet()), std::memory_order_relaxed);
}

ScopedInstructionSet::~ScopedInstructionSet() { Used().store(before_, std::memory_order_relaxed); }

}  // namespace pumasi
