// How the members of a ring find each other: each tells what is needed to connect to it, and all are answered once all
// have come.
#ifndef PUMASI_SCHEDULER_GROUP_MEETING_H_
#define PUMASI_SCHEDULER_GROUP_MEETING_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// Members may meet any number of times under one layout: whoever has lost a connection comes with another attempt, and
// since it has closed its own, all others come again, too. Not thread-safe.
class GroupMeeting {
 public:
  // `members`: incarnations of the layout's group, in its order. Nothing until all have come; then what all told. The
  // same attempt again is answered as before, as long as nobody meets anew. InvalidArgument: the caller is no member,
  // or its attempt is 0.
  absl::StatusOr<std::optional<v1::MeetGroupResponse>> Take(const v1::MeetGroupRequest& request,
                                                            const std::vector<uint64_t>& members);
  // Another layout: who has come so far counts for nothing.
  void Restart();

  // Those that others wait for; none if nobody waits.
  std::vector<uint64_t> Missing(const std::vector<uint64_t>& members) const;

 private:
  std::map<uint64_t, v1::MeetGroupRequest> came_;  // by incarnation
  std::map<uint64_t, uint64_t> attempts_;          // of those that met last, by incarnation
  v1::MeetGroupResponse met_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_GROUP_MEETING_H_
