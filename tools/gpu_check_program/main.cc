// Whether the device's operators work on this machine, and what they achieve (tools/gpu_check).
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "ops/cuda/device_facts.h"
#include "tools/gpu_check_program/benchmark.h"
#include "tools/gpu_check_program/suite.h"
#include "tools/gpu_check_program/training.h"

namespace {

enum ExitCode { kFine = 0, kFailed = 1, kUsage = 2, kNoDevice = 3 };

}  // namespace

int main(int count, char** arguments) {
  bool tests = false, training = false, benchmark = false, small = false;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "tests") {
      tests = true;
    } else if (argument == "training") {
      training = true;
    } else if (argument == "benchmark") {
      benchmark = true;
    } else if (argument == "small") {
      small = true;
    } else {
      std::fprintf(stderr, "gpu_check [tests] [training] [benchmark] [small]; all three if none is named\n");
      return kUsage;
    }
  }
  if (!tests && !training && !benchmark) tests = training = benchmark = true;

  std::string error;
  const std::vector<pumasi::cuda::DeviceFacts> devices = pumasi::cuda::FindDevices(&error);
  if (devices.empty()) {
    std::printf("no CUDA device can be used: %s\n", error.c_str());
    return kNoDevice;
  }
  for (const auto& device : devices) {
    std::printf("%s, sm_%d%d, %d multiprocessors, %.0f GiB, %s\n", device.name.c_str(), device.major, device.minor,
                device.processors, device.memory / double(1 << 30), device.products.c_str());
  }
  bool fine = true;
  if (tests) {
    std::printf("\nTests, on device 0\n");
    fine = pumasi::RunSuite() && fine;
  }
  if (training) {
    std::printf("\nTraining, on device 0\n");
    fine = pumasi::CheckTraining() && fine;
  }
  if (benchmark) {
    std::printf("\nBenchmark, on device 0\n");
    pumasi::Benchmark(small);
  }
  std::printf("\n%s\n", fine ? "all checks passed" : "SOME CHECKS FAILED");
  return fine ? kFine : kFailed;
}
