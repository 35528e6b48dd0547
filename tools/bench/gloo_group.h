// Plain Gloo, to compare with.
#ifndef PUMASI_TOOLS_BENCH_GLOO_GROUP_H_
#define PUMASI_TOOLS_BENCH_GLOO_GROUP_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pumasi {

// One process of a group over TCP on loopback. Not thread-safe.
class GlooGroup {
 public:
  enum class Algorithm { kRing, kBcube };

  // Meets the other ranks through files in `folder`, which has to be empty before.
  static absl::StatusOr<std::unique_ptr<GlooGroup>> Join(const std::string& folder, int rank, int size);
  ~GlooGroup();

  // In place, over all ranks; each rank calls it with the same arguments.
  absl::Status Sum(Algorithm algorithm, float* values, size_t count);

 private:
  struct Context;
  explicit GlooGroup(std::unique_ptr<Context> context);
  const std::unique_ptr<Context> context_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_GLOO_GROUP_H_
