// A short training on the device, held against the same training in double on the host.
#ifndef PUMASI_TOOLS_GPU_CHECK_PROGRAM_TRAINING_H_
#define PUMASI_TOOLS_GPU_CHECK_PROGRAM_TRAINING_H_

namespace pumasi {

// Prints both losses every few steps. Whether the device's loss falls and stays near the host's.
bool CheckTraining();

}  // namespace pumasi

#endif  // PUMASI_TOOLS_GPU_CHECK_PROGRAM_TRAINING_H_
