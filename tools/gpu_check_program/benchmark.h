// What the device achieves.
#ifndef PUMASI_TOOLS_GPU_CHECK_PROGRAM_BENCHMARK_H_
#define PUMASI_TOOLS_GPU_CHECK_PROGRAM_BENCHMARK_H_

namespace pumasi {

// Prints a table: bandwidths against a copy's in the same run, products, seed80m's step. `small`: tiny sizes, to see
// that it runs at all.
void Benchmark(bool small);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_GPU_CHECK_PROGRAM_BENCHMARK_H_
