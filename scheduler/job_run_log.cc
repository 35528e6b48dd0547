// JobRun and the log of applied gradients (durability: batch): with it the job goes back to a later cut than the last
// checkpoint's.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/consistency.h"
#include "scheduler/job_run.h"

namespace pumasi {
namespace {

constexpr char kReadsLog[] = "reads the log of applied gradients";

}  // namespace

// One for each job: an output folder may hold what is left of another one's.
std::string JobRun::LogFolder() const { return has_log() ? absl::StrCat(spec_.output, "/push-log-", id()) : ""; }

std::string JobRun::WhyRecovering() const {
  const std::string why = message_.substr(0, std::min(message_.find(WaitsForHolders(job_)), message_.find(kReadsLog)));
  return std::string(absl::StripSuffix(why, "; "));
}

void JobRun::ForgetLogAnswer() {
  log_asked_.reset();
  log_end_.reset();
  log_question_taken_ = false;
}

std::optional<uint64_t> JobRun::ChooseCut(absl::Duration now) {
  const uint64_t first = cuts_.begin()->first;
  // Later cuts without a log are of checkpoints that were not completed.
  if (!has_log() || cuts_.size() == 1) return first;
  if (!log_end_ && !log_asked_) {
    log_asked_ = now;
    ++log_question_;
    const std::string why = WhyRecovering();
    message_ = absl::StrCat(why, why.empty() ? "" : "; ", kReadsLog);
    ++change_;
  }
  if (!log_end_ && now - *log_asked_ < kLogTime) return std::nullopt;
  if (!log_end_) {
    Warn(absl::StrCat("reading the log of applied gradients took longer than ", absl::FormatDuration(kLogTime)));
  }
  const uint64_t end = std::min(log_end_.value_or(first), version_);
  ForgetLogAnswer();
  const auto later = cuts_.upper_bound(end);
  return later == cuts_.begin() ? first : std::prev(later)->first;
}

std::optional<JobRun::LogQuestion> JobRun::TakeLogQuestion() {
  if (!log_asked_ || log_end_ || log_question_taken_) return std::nullopt;
  log_question_taken_ = true;
  return LogQuestion{log_question_, LogFolder(), cuts_.begin()->first, SlotsInLayout(job_)};
}

void JobRun::LogRead(uint64_t question, const absl::StatusOr<uint64_t>& end, absl::Duration now) {
  if (!log_asked_ || log_end_ || question != log_question_) return;
  if (!end.ok()) {
    Warn(absl::StrCat("the log of applied gradients could not be read: ", std::string(end.status().message())));
  }
  touched_ = true;
  log_end_ = end.ok() ? *end : cuts_.begin()->first;
  Allocate(now);
}

void JobRun::ForgetCuts() {
  const auto wanted = [&](uint64_t version) {
    if (has_log() && version + kLogCuts + StalenessOf(job_) > version_) return true;
    return std::any_of(checkpoints_.begin(), checkpoints_.end(),
                       [&](const auto& entry) { return entry.second.gathered && entry.second.version == version; });
  };
  const uint64_t every = job_.checkpoint().every_batches();
  for (auto cut = cuts_.empty() ? cuts_.end() : std::next(cuts_.begin()); cut != cuts_.end();) {
    const bool to_come = every > 0 && cut->first % every == 0 && cut->first > gathered_ && cuts_.size() <= kPending;
    cut = to_come || wanted(cut->first) ? std::next(cut) : cuts_.erase(cut);
  }
}

}  // namespace pumasi
