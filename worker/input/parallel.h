#ifndef PUMASI_WORKER_INPUT_PARALLEL_H_
#define PUMASI_WORKER_INPUT_PARALLEL_H_

#include <cstddef>
#include <functional>

#include "absl/status/status.h"

namespace pumasi {

// Runs work(0) … work(count - 1), each once, on at most `threads` threads (the caller's is one of them), in rising
// order of their start. Returns when all are done.
void RunParallel(size_t count, int threads, const std::function<void(size_t)>& work);

// Likewise for work that can fail. After a failure no later item is started, but all earlier ones are finished, so that
// the error returned is the one of the lowest item that fails, whatever the number of threads.
absl::Status TryParallel(size_t count, int threads, const std::function<absl::Status(size_t)>& work);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_PARALLEL_H_
