#include "tests/job/work_story.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/error_detail.h"

namespace pumasi {
namespace {

std::string DescribeOwn(const v1::LeaseUnitsRequest& request) {
  std::string line = request.own_size() > 0 ? " own" : "";
  for (const auto& own : request.own()) {
    absl::StrAppend(&line, " v", own.version(), "[", own.first_part(), ",", own.end_part(), ")");
  }
  return line + (request.more_results() ? " more" : "");
}

std::string Describe(const v1::LeaseUnitsRequest& request) {
  std::string line = "report";
  for (const v1::UnitDone& done : request.done()) {
    absl::StrAppend(&line, " ", done.token(), ":v", done.version(), "[", done.parts(0).part(), ",",
                    done.parts(done.parts_size() - 1).part() + 1, ")", done.parts(0).outcome_unknown() ? "?" : "");
  }
  for (const uint64_t token : request.returned()) absl::StrAppend(&line, " back ", token);
  return line + DescribeOwn(request);
}

}  // namespace

absl::Status Refusal(v1::ErrorDetail::Reason reason, uint64_t version, uint64_t layout_epoch) {
  v1::ErrorDetail detail;
  detail.set_reason(reason);
  detail.set_version(version);
  detail.set_layout_epoch(layout_epoch);
  return DetailedError(detail, "refused");
}

WorkStory::WorkStory() : core({.job_id = "job", .incarnation = 11, .seed = 1}) {
  assignment.set_job_id("job");
  assignment.set_state(v1::TRAINING);
  assignment.mutable_job()->set_batch(8);
  assignment.mutable_job()->set_micro_batches(4);
  assignment.mutable_job()->set_stall_timeout(60);
  assignment.mutable_data()->set_train_rows(80);
  assignment.add_sharing(11);
  assignment.add_sharing(12);
  Layout(1);
}

void WorkStory::Layout(uint64_t epoch, uint64_t generation, uint32_t servers) {
  v1::Layout& layout = *assignment.mutable_layout();
  layout.Clear();
  layout.set_epoch(epoch);
  layout.set_generation(generation);
  for (uint32_t server = 0; server < servers; ++server) {
    layout.add_servers()->set_incarnation(100 + server);
    layout.mutable_servers(static_cast<int>(server))->set_node(absl::StrCat("s", server));
    layout.add_slot_owner(server);
    layout.add_slot_backup(servers > 1 ? 1 + (server + 1) % servers : 0);
  }
}

void WorkStory::Assign() { core.SetAssignment(assignment, now); }

void WorkStory::Lease(const std::vector<std::vector<uint64_t>>& units, uint64_t generation) {
  v1::LeaseUnitsResponse response;
  for (const std::vector<uint64_t>& unit : units) {
    v1::Lease* lease = response.add_leases();
    lease->set_token(next_token_++);
    lease->set_kind(v1::TRAIN);
    lease->set_version(unit[0]);
    lease->set_batch(unit[0] % 10);
    lease->set_epoch(static_cast<uint32_t>(unit[0] / 10));
    lease->set_first_part(static_cast<uint32_t>(unit[1]));
    lease->set_end_part(static_cast<uint32_t>(unit[2]));
    lease->set_generation(generation);
  }
  core.LeaseAnswer(response, now);
}

void WorkStory::NoLease(const absl::Status& status) {
  if (status.ok()) {
    core.LeaseAnswer(v1::LeaseUnitsResponse(), now);
  } else {
    core.LeaseAnswer(status, now);
  }
}

void WorkStory::Pulled(uint64_t unit, uint32_t server, const absl::Status& status) {
  const Lines before = Did();  // an attempt that has just begun
  did_ = before;
  core.PullAnswer(unit, attempts_[unit], server, status, now);
}

void WorkStory::Computed(uint64_t unit) {
  const Lines before = Did();
  did_ = before;
  v1::UnitDone done;
  for (uint32_t part = leases_[unit].first_part(); part < leases_[unit].end_part(); ++part) {
    done.add_parts()->set_part(part);
  }
  core.ComputeDone(unit, done, now);
}

void WorkStory::Pushed(uint64_t unit, uint32_t server, const absl::Status& status) {
  const Lines before = Did();
  did_ = before;
  core.PushAnswer(unit, attempts_[unit], server, status, v1::PushResponse::ACCEPTED, now);
}

void WorkStory::Reported(const absl::Status& status) {
  const Lines before = Did();
  did_ = before;
  core.ReportAnswer(report_, status, now);
}

void WorkStory::Wait(absl::Duration time) {
  const absl::Duration end = now + time;
  while (core.NextDeadline() <= end) {
    now = std::max(now, core.NextDeadline());
    core.Tick(now);
  }
  now = end;
  core.Tick(now);
}

void WorkStory::UpToPush(uint64_t unit) {
  Read(unit);
  Pulled(unit, 0);
  Pulled(unit, 1);
  Computed(unit);
  Did();
}

std::string WorkStory::Describe(const WorkEffect& effect) {
  if (const auto* lease = std::get_if<CallLease>(&effect)) {
    return absl::StrCat("lease", lease->request.held_size() > 0 ? " " : "", absl::StrJoin(lease->request.held(), ","),
                        DescribeOwn(lease->request));
  }
  if (const auto* report = std::get_if<Report>(&effect)) {
    report_ = report->id;
    return pumasi::Describe(report->request);
  }
  if (const auto* read = std::get_if<pumasi::Read>(&effect)) {
    leases_[read->unit] = read->lease;
    return absl::StrCat("read ", read->unit, ": v", read->lease.version(), " [", read->lease.first_part(), ",",
                        read->lease.end_part(), ")");
  }
  if (const auto* pull = std::get_if<Pull>(&effect)) {
    attempts_[pull->unit] = pull->attempt;
    return absl::StrCat(
        "pull ", pull->unit, " v", pull->version, pull->staleness > 0 ? absl::StrCat("-", pull->staleness) : "",
        pull->lane ? absl::StrCat(" of lane ", *pull->lane) : "", " from ", absl::StrJoin(pull->servers, ","));
  }
  if (const auto* push = std::get_if<Push>(&effect)) {
    attempts_[push->unit] = push->attempt;
    return absl::StrCat("push ", push->unit, " to ", absl::StrJoin(push->servers, ","));
  }
  if (const auto* compute = std::get_if<Compute>(&effect)) return absl::StrCat("compute ", compute->unit);
  if (const auto* drop = std::get_if<Drop>(&effect)) return absl::StrCat("drop ", drop->unit);
  if (const auto* fail = std::get_if<FailJob>(&effect)) return absl::StrCat("fail: ", fail->message);
  return "fenced";
}

WorkStory::Lines WorkStory::Did() {
  for (const WorkEffect& effect : core.TakeEffects()) did_.push_back(Describe(effect));
  return std::exchange(did_, {});
}

}  // namespace pumasi
