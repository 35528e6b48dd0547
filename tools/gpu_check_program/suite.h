// Runs the tests of tests/cuda that are linked in.
#ifndef PUMASI_TOOLS_GPU_CHECK_PROGRAM_SUITE_H_
#define PUMASI_TOOLS_GPU_CHECK_PROGRAM_SUITE_H_

namespace pumasi {

// Prints a line a test. Whether all of them pass.
bool RunSuite();

}  // namespace pumasi

#endif  // PUMASI_TOOLS_GPU_CHECK_PROGRAM_SUITE_H_
