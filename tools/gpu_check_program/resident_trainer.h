// Training with everything on the device: embedding, tables and optimizer states stay there, only ids and labels come.
#ifndef PUMASI_TOOLS_GPU_CHECK_PROGRAM_RESIDENT_TRAINER_H_
#define PUMASI_TOOLS_GPU_CHECK_PROGRAM_RESIDENT_TRAINER_H_

#include <memory>
#include <string>
#include <vector>

#include "ops/cuda/buffer.h"
#include "ops/cuda/model/chain.h"
#include "ops/cuda/optimizer_rows.h"
#include "tools/gpu_check_program/workload.h"

namespace pumasi {

// Adam with 1e-3, 0.9, 0.999, 1e-8 on all tables. Rows that a step does not touch stay (lazy Adam). Not thread-safe.
class ResidentTrainer {
 public:
  // nullptr where it fails, with the reason in *error.
  static std::unique_ptr<ResidentTrainer> Open(Workload* workload, Precision precision, std::string* error);

  // Enqueues a step.
  void Step(const WorkPart& part);
  // Waits; the mean loss of the last step's rows. NaN after an error.
  double LastLoss();
  // Waits. False after an error.
  bool Wait() { return stream_->Wait(); }
  const std::string& error() const { return stream_->error(); }
  cuda::Stream* stream() { return stream_.get(); }

 private:
  // The values of a table, and the state that Adam has beside them: rows of 3·width.
  struct Table {
    int rows = 0, width = 0;
    cuda::DeviceBuffer<float> state, gradient;
  };

  ResidentTrainer(std::unique_ptr<cuda::Stream> stream, const Workload& workload, Precision precision);
  void Load(const std::vector<float>& values, int rows, int width, Table* table);

  const std::unique_ptr<cuda::Stream> stream_;
  const WorkloadSize size_;
  cuda::Chain chain_;
  uint64_t steps_ = 0;
  int last_rows_ = 0;
  Table embedding_;
  std::vector<std::unique_ptr<Table>> tables_;
  cuda::SequenceIndex index_;
  cuda::Upload upload_;
  cuda::DeviceBuffer<float> vectors_, by_vectors_, by_output_;
  cuda::DeviceBuffer<double> losses_;
  cuda::DeviceBuffer<int32_t> predicted_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_GPU_CHECK_PROGRAM_RESIDENT_TRAINER_H_
