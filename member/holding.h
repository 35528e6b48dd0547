// Which of a worker's jobs want it to hold slots.
#ifndef PUMASI_MEMBER_HOLDING_H_
#define PUMASI_MEMBER_HOLDING_H_

#include <cstdint>
#include <vector>

#include "proto/scheduler.pb.h"

namespace pumasi {

// Of these assignments, those whose layout names the node of this incarnation.
std::vector<v1::Assignment> HoldingAssignments(uint64_t incarnation, const std::vector<v1::Assignment>& assignments);

}  // namespace pumasi

#endif  // PUMASI_MEMBER_HOLDING_H_
