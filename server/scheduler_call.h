// What a server tells the scheduler, as a call.
#ifndef PUMASI_SERVER_SCHEDULER_CALL_H_
#define PUMASI_SERVER_SCHEDULER_CALL_H_

#include <functional>

#include "absl/status/status.h"
#include "proto/scheduler.grpc.pb.h"
#include "server/hosting_effects.h"

namespace pumasi {

// `norms`: the answer to a CombineNormsRequest, otherwise empty. Called once, from a thread of gRPC's.
using SchedulerAnswer = std::function<void(const absl::Status& status, const v1::CombineNormsResponse& norms)>;

// Begins the call and returns. `context` has its deadline, and stays until the answer is there; so does `scheduler`.
void CallScheduler(v1::Scheduler::StubInterface& scheduler, grpc::ClientContext* context, const TellWish& wish,
                   SchedulerAnswer answer);

}  // namespace pumasi

#endif  // PUMASI_SERVER_SCHEDULER_CALL_H_
