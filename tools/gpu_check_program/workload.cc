#include "tools/gpu_check_program/workload.h"

#include <algorithm>
#include <cmath>

namespace pumasi {

Workload::Workload(const WorkloadSize& size, uint64_t seed) : size_(size), random_(seed) {
  constexpr double kExponent = 1.05;
  double sum = 0;
  for (int id = 0; id < size.vocabulary; ++id) cumulative_.push_back(sum += std::pow(id + 1, -kExponent));
}

std::vector<cuda::LayerSpec> Workload::Layers() const {
  cuda::LayerSpec lstm, dense;
  lstm.kind = cuda::LayerSpec::Kind::kLstm;
  lstm.width = size_.width;
  lstm.units = size_.units;
  dense.kind = cuda::LayerSpec::Kind::kDense;
  dense.width = size_.units;
  dense.units = size_.classes;
  return {lstm, dense};
}

std::vector<std::vector<float>> Workload::Tables() {
  const size_t width = size_.width, units = size_.units, classes = size_.classes;
  const auto uniform = [&](size_t rows, size_t columns) {
    const float limit = std::sqrt(6.0f / static_cast<float>(rows + columns));
    std::uniform_real_distribution<float> draw(-limit, limit);
    std::vector<float> values(rows * columns);
    for (float& value : values) value = draw(random_);
    return values;
  };
  std::vector<float> bias(4 * units);
  std::fill(bias.begin() + units, bias.begin() + 2 * units, 1.0f);
  return {uniform(width, 4 * units), uniform(units, 4 * units), bias, uniform(units, classes),
          std::vector<float>(classes)};
}

std::vector<float> Workload::Embedding() {
  std::uniform_real_distribution<float> draw(-0.05f, 0.05f);
  std::vector<float> values(static_cast<size_t>(size_.vocabulary) * size_.width);
  for (float& value : values) value = draw(random_);
  return values;
}

WorkPart Workload::Part(int rows) {
  WorkPart part;
  std::uniform_real_distribution<double> draw(0, cumulative_.back());
  std::vector<uint32_t> ids;
  for (int row = 0; row < rows; ++row) {
    for (int word = 0; word < size_.words; ++word) {
      const auto at = std::lower_bound(cumulative_.begin(), cumulative_.end() - 1, draw(random_));
      ids.push_back(static_cast<uint32_t>(at - cumulative_.begin()));
    }
    part.labels.push_back(static_cast<int32_t>(ids.back() * 2654435761u % 65521 % size_.classes));
    part.offsets.push_back(static_cast<uint32_t>(ids.size()));
  }
  part.ids = ids;
  std::sort(part.ids.begin(), part.ids.end());
  part.ids.erase(std::unique(part.ids.begin(), part.ids.end()), part.ids.end());
  for (const uint32_t id : ids) {
    const auto at = std::lower_bound(part.ids.begin(), part.ids.end(), id);
    part.tokens.push_back(static_cast<uint32_t>(at - part.ids.begin()));
  }
  return part;
}

}  // namespace pumasi
