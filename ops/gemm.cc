#include "ops/gemm.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

std::atomic<int> wanted_threads{1};

// OpenMP keeps the number of threads separately for each thread that opens parallel regions.
void UseWantedThreads() {
  thread_local int used_threads = 0;
  const int wanted = wanted_threads.load(std::memory_order_relaxed);
  if (used_threads == wanted) return;
  omp_set_num_threads(wanted);
  used_threads = wanted;
}

// Sets that differ in bfloat16, integer or tile instructions only run the same float32 product.
const char* InstructionSet() {
  const unsigned isa = dnnl_get_effective_cpu_isa();
  if ((isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core) return "avx512_core";
  if ((isa & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2) return "avx2";
  if ((isa & dnnl_cpu_isa_avx) == dnnl_cpu_isa_avx) return "avx";
  return "sse41";
}

}  // namespace

void Gemm(Transpose a, Transpose b, int m, int n, int k, const float* A, int lda, const float* B, int ldb, float beta,
          float* C, int ldc) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (int i = 0; i < m; ++i) {
      float* row = C + static_cast<size_t>(i) * ldc;
      for (int j = 0; j < n; ++j) row[j] = beta == 0 ? 0 : beta * row[j];
    }
    return;
  }
  UseWantedThreads();
  const dnnl_status_t status = dnnl_sgemm(a == Transpose::kYes ? 'T' : 'N', b == Transpose::kYes ? 'T' : 'N', m, n, k,
                                          1.0f, A, lda, B, ldb, beta, C, ldc);
  if (status != dnnl_success) {
    // Only a shape that breaks the contract, or no memory for the kernel, leads here: nothing that a caller could mend.
    std::fprintf(stderr, "dnnl_sgemm refused a %d x %d x %d product (lda %d, ldb %d, ldc %d): status %d\n", m, n, k,
                 lda, ldb, ldc, static_cast<int>(status));
    std::abort();
  }
}

void SetGemmThreads(int threads) { wanted_threads.store(std::max(threads, 1), std::memory_order_relaxed); }

std::string KernelSet() {
  const dnnl_version_t* version = dnnl_version();
  return absl::StrCat("onednn-", version->major, ".", version->minor, ".", version->patch, "/", InstructionSet(),
                      "/cpu/threads=", wanted_threads.load(std::memory_order_relaxed));
}

}  // namespace pumasi
