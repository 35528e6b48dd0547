#include "ops/norm_clip.h"

#include <cmath>
#include <cstddef>

namespace pumasi {
namespace {

float Factor(double limit, double square) {
  const double norm = std::sqrt(square);
  return norm > limit ? static_cast<float>(limit / norm) : 1.0f;
}

}  // namespace

bool ClipsByNorm(const v1::Optimizer& optimizer) {
  return optimizer.clip().has_norm() || optimizer.clip().has_global_norm();
}

std::vector<float> ClipFactors(const v1::Optimizer& optimizer, const std::vector<v1::TableSpec>& tables,
                               const std::vector<double>& squares) {
  std::vector<float> factors(tables.size(), 1.0f);
  const v1::Clip& clip = optimizer.clip();
  double all = 0;
  for (size_t table = 0; table < tables.size(); ++table) {
    if (tables[table].update() != v1::TableSpec::OPTIMIZER) continue;
    all += squares[table];
    if (clip.has_norm()) factors[table] = Factor(clip.norm(), squares[table]);
  }
  if (!clip.has_global_norm()) return factors;
  for (size_t table = 0; table < tables.size(); ++table) {
    if (tables[table].update() == v1::TableSpec::OPTIMIZER) factors[table] = Factor(clip.global_norm(), all);
  }
  return factors;
}

}  // namespace pumasi
