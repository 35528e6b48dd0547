// The byte kernels of each instruction set; UsedByteKernels chooses. REQUIRES of a call: the machine has the set.
#ifndef PUMASI_WORKER_INPUT_BYTE_KERNELS_SETS_H_
#define PUMASI_WORKER_INPUT_BYTE_KERNELS_SETS_H_

#include "worker/input/byte_kernels.h"

namespace pumasi {

const ByteKernels& BaselineByteKernels();
const ByteKernels& Avx2ByteKernels();
const ByteKernels& Avx512ByteKernels();
// AVX-512 with VBMI2.
const ByteKernels& Vbmi2ByteKernels();

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_BYTE_KERNELS_SETS_H_
