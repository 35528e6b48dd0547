#include "ops/instruction_set.h"

#include <catch2/catch.hpp>
#include <string>

namespace pumasi {
namespace {

TEST_CASE("Without a cap the best instruction set is used") {
  std::string complaint = "from before";
  CHECK(ChooseInstructionSet(nullptr, InstructionSet::kAvx2, &complaint) == InstructionSet::kAvx2);
  CHECK(complaint.empty());
}

TEST_CASE("A cap that the machine reaches is kept") {
  std::string complaint;
  CHECK(ChooseInstructionSet("baseline", InstructionSet::kAvx512, &complaint) == InstructionSet::kBaseline);
  CHECK(ChooseInstructionSet("avx2", InstructionSet::kAvx512, &complaint) == InstructionSet::kAvx2);
  CHECK(ChooseInstructionSet("avx512", InstructionSet::kAvx512Bf16, &complaint) == InstructionSet::kAvx512);
  CHECK(complaint.empty());
}

TEST_CASE("A cap that is unknown or beyond the machine is named, and the best that the machine has is used") {
  std::string complaint;
  CHECK(ChooseInstructionSet("avx512", InstructionSet::kAvx2, &complaint) == InstructionSet::kAvx2);
  CHECK(complaint ==
        "PUMASI_INSTRUCTION_SET=avx512: this machine does not have it; avx2 is used, the best that it has");
  CHECK(ChooseInstructionSet("sse9", InstructionSet::kAvx2, &complaint) == InstructionSet::kAvx2);
  CHECK(complaint ==
        "PUMASI_INSTRUCTION_SET=sse9: no such instruction set; baseline, avx2, avx512 and avx512_bf16 are known, avx2 "
        "is used, the best that this machine has");
}

TEST_CASE("A scope uses at most what the machine has and restores what was used") {
  const InstructionSet before = UsedInstructionSet();
  CHECK(before <= BestInstructionSet());
  {
    const ScopedInstructionSet scope(InstructionSet::kBaseline);
    CHECK(UsedInstructionSet() == InstructionSet::kBaseline);
    const ScopedInstructionSet inner(InstructionSet::kAvx512Bf16);
    CHECK(UsedInstructionSet() == BestInstructionSet());
  }
  CHECK(UsedInstructionSet() == before);
}

}  // namespace
}  // namespace pumasi
