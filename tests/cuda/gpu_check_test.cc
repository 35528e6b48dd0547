// The checks that tools/gpu_check runs beside the tests.
#include <catch2/catch.hpp>

#include "tests/cuda/on_device.h"
#include "tools/gpu_check_program/benchmark.h"
#include "tools/gpu_check_program/training.h"

namespace pumasi {
namespace {

TEST_CASE("A training with embedding and optimizer on the device has the losses of one in double on the host") {
  if (cuda::StreamForTest() == nullptr) return;
  CHECK(CheckTraining());
}

TEST_CASE("The benchmark runs") {
  if (cuda::StreamForTest() == nullptr) return;
  Benchmark(true);
}

}  // namespace
}  // namespace pumasi
