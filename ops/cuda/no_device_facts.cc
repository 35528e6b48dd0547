// What a build without CUDA finds.
#include "ops/cuda/device_facts.h"

namespace pumasi::cuda {

std::vector<DeviceFacts> FindDevices(std::string* error) {
  *error = "this build has no CUDA; build with --config=cuda";
  return {};
}

}  // namespace pumasi::cuda
