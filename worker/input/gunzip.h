#ifndef PUMASI_WORKER_INPUT_GUNZIP_H_
#define PUMASI_WORKER_INPUT_GUNZIP_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace pumasi {

// Unpacks the gzip data (one or several members) that `in` holds from its current position into `out`. `name` is for
// messages. Errors: INVALID_ARGUMENT for damaged or cut data, RESOURCE_EXHAUSTED above `max_bytes` unpacked bytes or
// where `out` cannot take more.
absl::Status Gunzip(int in, int out, uint64_t max_bytes, const std::string& name);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_GUNZIP_H_
