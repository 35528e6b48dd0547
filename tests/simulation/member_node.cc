#include "tests/simulation/member_node.h"

#include <algorithm>

#include "common/error_detail.h"
#include "tests/simulation/rpc.h"

namespace pumasi::sim {

void MemberNode::Fresh() {
  do {
    incarnation_ = random()();
  } while (incarnation_ == 0);
  seen_change_ = 0;
  renew_ = false;
}

void MemberNode::Started() {
  Fresh();
  failures_ = 0;
  Register();
}

void MemberNode::Renew() { renew_ = true; }

void MemberNode::Leave() {
  v1::LeaveRequest request;
  request.set_incarnation(incarnation_);
  Ask<v1::LeaveResponse>(network_, *this, kSchedulerName, Method::kLeave, request, absl::Milliseconds(500),
                         [](const absl::Status&, const v1::LeaveResponse&) {});
  Kill();
}

void MemberNode::Again(bool registered) {
  const int64_t longest = std::min<int64_t>(1000, 50 << std::min<uint32_t>(failures_++, 6));
  After(absl::Milliseconds(random().Between(longest / 2, longest)), [this, registered] {
    if (registered && !renew_) {
      Heartbeat();
    } else {
      Register();
    }
  });
}

void MemberNode::Register() {
  if (renew_) {
    TakeAssignments({});
    Fresh();
  }
  v1::RegisterRequest request;
  v1::Node& node = *request.mutable_node();
  node.set_name(name());
  node.set_role(role_);
  node.set_address(name());
  node.set_incarnation(incarnation_);
  if (role_ == v1::ROLE_WORKER) node.set_kernel_set("same");
  node.set_hosts_slots(role_ == v1::ROLE_WORKER);
  Ask<v1::RegisterResponse>(network_, *this, kSchedulerName, Method::kRegister, request, absl::Seconds(5),
                            [this](const absl::Status& status, const v1::RegisterResponse& response) {
                              if (status.ok()) {
                                lease_ = absl::Seconds(response.lease_seconds());
                                failures_ = 0;
                                return Heartbeat();
                              }
                              if (ReasonOf(status) == v1::ErrorDetail::STALE_INCARNATION) Fresh();
                              Again(false);
                            });
}

void MemberNode::Heartbeat() {
  v1::HeartbeatRequest request;
  request.set_incarnation(incarnation_);
  request.set_seen_change(seen_change_);
  Ask<v1::HeartbeatResponse>(network_, *this, kSchedulerName, Method::kHeartbeat, request, lease_,
                             [this](const absl::Status& status, const v1::HeartbeatResponse& response) {
                               if (!status.ok()) {
                                 if (ReasonOf(status) == v1::ErrorDetail::STALE_INCARNATION) renew_ = true;
                                 if (renew_) return Register();
                                 return Again(true);
                               }
                               failures_ = 0;
                               if (!response.unchanged()) {
                                 seen_change_ = response.change();
                                 TakeAssignments({response.assignments().begin(), response.assignments().end()});
                               }
                               if (renew_) return Register();
                               Heartbeat();
                             });
}

}  // namespace pumasi::sim
