// A checkpoint that a run left behind. Which of them there are depends on how fast the machine is: one that is still
// being written when a later one is whole is given up.
#ifndef PUMASI_TESTS_CLUSTER_SOME_CHECKPOINT_H_
#define PUMASI_TESTS_CLUSTER_SOME_CHECKPOINT_H_

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pumasi {

// The path of the oldest checkpoint in `folder` whose version (batches trained) is wanted. Fails the test if none is.
inline std::string SomeCheckpoint(
    const std::string& folder, const std::function<bool(uint64_t)>& wanted = [](uint64_t) { return true; }) {
  const std::string prefix = "checkpoint-";
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.rfind(prefix, 0) == 0 && wanted(std::stoull(name.substr(prefix.size())))) found.push_back(entry.path());
  }
  INFO(folder);
  REQUIRE_FALSE(found.empty());
  return *std::min_element(found.begin(), found.end());
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_CLUSTER_SOME_CHECKPOINT_H_
