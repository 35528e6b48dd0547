// Where a worker lets the others of a ring (allreduce: {reduction: ring}) connect: Gloo speaks TCP without TLS.
#ifndef PUMASI_MEMBER_RING_HOST_H_
#define PUMASI_MEMBER_RING_HOST_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/config.pb.h"

namespace pumasi {

// The one that is set as collective_listen; otherwise that of the worker's own address, which others dial, if it is on
// loopback. FailedPrecondition, saying what to set: it is not. `address`: HOST:PORT or unix:PATH.
absl::StatusOr<std::string> RingHost(const v1::WorkerConfig& config, const std::string& address);

}  // namespace pumasi

#endif  // PUMASI_MEMBER_RING_HOST_H_
