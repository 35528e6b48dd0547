// What a job's speed depends on most, out of what its nodes tell of their time.
#ifndef PUMASI_SCHEDULER_BOTTLENECK_H_
#define PUMASI_SCHEDULER_BOTTLENECK_H_

#include "proto/time_use.pb.h"

namespace pumasi {

// Each worker's time is computing, or waiting for units (the scheduler), rows (the input), values and gradients on
// their way (the network), or servers. A wait for other workers' gradients is none of these: it counts as what those
// spend their own time with. Then:
//
//   compute    if it takes kBusy of the workers' time, or nothing else takes kNotable of it;
//   otherwise what takes most of the rest. Where that is the network, but a server is busy for kServerBusy of its time,
//   it is the server.
//
// One worker stands out if most of the waiting for others is for it. Unset if workers have told nothing yet. Does not
// trust any number: NaN, negative or absurd ones count as 0.
v1::Bottleneck FindBottleneck(const google::protobuf::RepeatedPtrField<v1::NodeUse>& nodes);

constexpr double kBusy = 0.85;
constexpr double kNotable = 0.10;
constexpr double kServerBusy = 0.70;

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_BOTTLENECK_H_
