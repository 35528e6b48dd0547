#include "ops/cuda/device_facts.h"

namespace pumasi::cuda {

std::vector<DeviceFacts> FindDevices(std::string* error) {
  return {{.name = "emulation", .major = 9, .processors = 1, .products = "plain"}};
}

}  // namespace pumasi::cuda
