#include "tools/bench/exchange_scheduler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

// Half of it passes before a heartbeat without news is answered.
constexpr absl::Duration kLease = absl::Seconds(2);

}  // namespace

void PlayedScheduler::Assign(const v1::Assignment& assignment) {
  std::lock_guard lock(mutex_);
  assignment_ = assignment;
  ++change_;
  changed_.notify_all();
}

void PlayedScheduler::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

std::vector<v1::Node> PlayedScheduler::nodes() const {
  std::lock_guard lock(mutex_);
  return nodes_;
}

template <typename Condition>
bool PlayedScheduler::WaitUntil(absl::Duration timeout, Condition condition) {
  std::unique_lock lock(mutex_);
  const auto done = [&] { return stopped_ || !failure_.ok() || condition(); };
  changed_.wait_for(lock, absl::ToChronoMicroseconds(timeout), done);
  return condition();
}

bool PlayedScheduler::WaitForNodes(size_t count, absl::Duration timeout) {
  return WaitUntil(timeout, [&] { return nodes_.size() >= count; });
}

bool PlayedScheduler::WaitForReady(size_t count, absl::Duration timeout) {
  return WaitUntil(timeout, [&] { return ready_.size() >= count; });
}

std::vector<std::string> PlayedScheduler::NotReady() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const v1::Node& node : nodes_) {
    if (ready_.count(node.incarnation()) == 0) names.push_back(node.name());
  }
  return names;
}

absl::Status PlayedScheduler::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

double PlayedScheduler::MeanSeconds(v1::Stage stage) const {
  google::protobuf::RepeatedPtrField<v1::StageTimes> all;
  {
    std::lock_guard lock(mutex_);
    stages_.Fill(&all);
  }
  for (const v1::StageTimes& times : all) {
    if (times.stage() == stage) return times.seconds() / static_cast<double>(CountOf(times));
  }
  return 0;
}

grpc::Status PlayedScheduler::Register(Context*, const v1::RegisterRequest* request, v1::RegisterResponse* response) {
  response->set_lease_seconds(absl::ToDoubleSeconds(kLease));
  std::lock_guard lock(mutex_);
  std::erase_if(nodes_, [&](const v1::Node& node) { return node.name() == request->node().name(); });
  nodes_.push_back(request->node());
  std::sort(nodes_.begin(), nodes_.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  changed_.notify_all();
  return grpc::Status::OK;
}

grpc::Status PlayedScheduler::Heartbeat(Context*, const v1::HeartbeatRequest* request,
                                        v1::HeartbeatResponse* response) {
  WaitUntil(kLease / 2, [&] { return change_ != request->seen_change(); });
  std::lock_guard lock(mutex_);
  response->set_change(change_);
  response->set_unchanged(change_ == request->seen_change());
  if (!response->unchanged() && assignment_) *response->add_assignments() = *assignment_;
  return grpc::Status::OK;
}

grpc::Status PlayedScheduler::Leave(Context*, const v1::LeaveRequest*, v1::LeaveResponse*) { return grpc::Status::OK; }

grpc::Status PlayedScheduler::ReportReady(Context*, const v1::ReportReadyRequest* request, v1::ReportReadyResponse*) {
  std::lock_guard lock(mutex_);
  ready_.insert(request->incarnation());
  changed_.notify_all();
  return grpc::Status::OK;
}

grpc::Status PlayedScheduler::ReportUse(Context*, const v1::ReportUseRequest* request, v1::ReportUseResponse*) {
  std::lock_guard lock(mutex_);
  for (const v1::StageTimes& times : request->time().stages()) stages_.Add(times);
  return grpc::Status::OK;
}

grpc::Status PlayedScheduler::ReportFailure(Context*, const v1::ReportFailureRequest* request,
                                            v1::ReportFailureResponse*) {
  std::lock_guard lock(mutex_);
  if (failure_.ok() && !request->goes_on()) {
    failure_ = absl::InternalError(absl::StrCat("a server can't go on: ", request->message()));
  }
  changed_.notify_all();
  return grpc::Status::OK;
}

}  // namespace pumasi
