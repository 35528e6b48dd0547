// A model like seed80m (embedding → LSTM → dense, softmax) with made-up rows, and its tables.
#ifndef PUMASI_TOOLS_GPU_CHECK_PROGRAM_WORKLOAD_H_
#define PUMASI_TOOLS_GPU_CHECK_PROGRAM_WORKLOAD_H_

#include <cstdint>
#include <random>
#include <vector>

#include "ops/cuda/model/part_runner.h"

namespace pumasi {

struct WorkloadSize {
  int vocabulary = 266927;
  int width = 300;
  int units = 256;
  int classes = 31;
  int words = 50;
};

// Rows of one part, with their ids merged.
struct WorkPart {
  std::vector<uint32_t> offsets = {0};
  std::vector<uint32_t> tokens;
  std::vector<uint32_t> ids;  // distinct, ascending
  std::vector<int32_t> labels;

  int rows() const { return static_cast<int>(labels.size()); }
};

class Workload {
 public:
  Workload(const WorkloadSize& size, uint64_t seed);

  const WorkloadSize& size() const { return size_; }
  std::vector<cuda::LayerSpec> Layers() const;
  // First values: uniform as Keras' glorot_uniform, the forget gate's bias 1.
  std::vector<std::vector<float>> Tables();
  // [vocabulary × width], uniform in ±0.05.
  std::vector<float> Embedding();
  // `words` ids a row, drawn Zipf(1.05); the label is a function of the last id.
  WorkPart Part(int rows);

 private:
  const WorkloadSize size_;
  std::mt19937_64 random_;
  std::vector<double> cumulative_;  // Zipf's shares
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_GPU_CHECK_PROGRAM_WORKLOAD_H_
