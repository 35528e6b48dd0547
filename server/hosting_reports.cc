// What Hosting tells the scheduler, and what comes of it.
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "server/hosting.h"

namespace pumasi {
namespace {

// What stands is told again so often: a scheduler that lost it hears of it.
constexpr absl::Duration kTellAgain = absl::Seconds(2);
constexpr absl::Duration kAskAgain = absl::Milliseconds(100);

}  // namespace

void Hosting::AskNorms(absl::Duration now) {
  const auto version = shard_->waits_for_norms();
  if (!version.has_value() || !serving()) return;
  if (const auto* asked = outbox_.Find(norms_ticket_)) {
    if (std::get<v1::CombineNormsRequest>(*asked).version() == *version) return;
    outbox_.Withdraw(norms_ticket_);
    norms_due_ = now;
  }
  norms_ticket_ = 0;
  if (norms_due_ > now || failed_) return;
  v1::CombineNormsRequest request;
  request.set_incarnation(options_.incarnation);
  request.set_job_id(assignment_.job_id());
  request.set_layout_epoch(shard_->layout_epoch());
  request.set_version(*version);
  for (const ExactSum& sum : shard_->Squares()) sum.ToMessage(request.add_tables());
  norms_ticket_ = outbox_.Put(std::move(request), now);
}

void Hosting::TookNorms(const v1::CombineNormsRequest& asked, const v1::CombineNormsResponse& norms,
                        absl::Duration now) {
  if (shard_ == nullptr) return;
  const auto before = shard_->LeastPrimaryVersion();
  const uint64_t applied = shard_->applied();
  const absl::Status status = shard_->ApplyNorms(asked.version(), {norms.squares().begin(), norms.squares().end()});
  if (!status.ok()) TellFailure(std::string(status.message()), now);
  Advanced(before, applied, now);
}

void Hosting::NormsRefused(const v1::CombineNormsRequest& asked, const absl::Status& status, absl::Duration now) {
  const auto reason = ReasonOf(status);
  if (reason == v1::ErrorDetail::UNKNOWN_JOB || reason == v1::ErrorDetail::STALE_LAYOUT) {
    // The assignment that says so is on its way.
    norms_due_ = now + kAskAgain;
    return;
  }
  TellFailure(
      absl::StrCat("the scheduler refuses the norms of batch ", asked.version(), ": ", std::string(status.message())),
      now);
}

void Hosting::TellReady(absl::Duration now) {
  if (assignment_.state() != v1::ALLOCATING || ready_ticket_ != 0 || ready_due_ > now) return;
  v1::ReportReadyRequest request;
  request.set_incarnation(options_.incarnation);
  request.set_job_id(assignment_.job_id());
  request.set_layout_epoch(made_for_.epoch);
  ready_ticket_ = outbox_.Put(std::move(request), now);
}

void Hosting::TellFilled(absl::Duration now) {
  std::optional<v1::ReportFilledRequest> report;
  if (serving()) report = copies_->Report(assignment_, *shard_, now);
  std::string text;
  if (report.has_value()) {
    // That more bytes have come is told with what is told again, in time.
    v1::ReportFilledRequest lasting = *report;
    lasting.clear_copied_bytes();
    text = lasting.SerializeAsString();
  }
  if (text == filled_ && (text.empty() || filled_ticket_ != 0 || filled_due_ > now)) return;
  outbox_.Withdraw(filled_ticket_);
  filled_ticket_ = report.has_value() ? outbox_.Put(*std::move(report), now) : 0;
  filled_ = text;
}

void Hosting::TellFailure(const std::string& message, absl::Duration now) {
  if (failed_) return;
  failed_ = true;
  v1::ReportFailureRequest request;
  request.set_incarnation(options_.incarnation);
  request.set_job_id(assignment_.job_id());
  request.set_message(message);
  outbox_.Put(std::move(request), now);
}

void Hosting::TellWarning(const std::string& message, absl::Duration now) {
  v1::ReportFailureRequest request;
  request.set_incarnation(options_.incarnation);
  request.set_job_id(assignment_.job_id());
  request.set_message(message);
  request.set_goes_on(true);
  outbox_.Put(std::move(request), now);
}

void Hosting::Told(uint64_t ticket, const absl::Status& status, const v1::CombineNormsResponse& norms,
                   absl::Duration now) {
  const auto* found = outbox_.Find(ticket);
  if (found == nullptr) return;
  const Outbox::Request request = *found;
  const auto verdict = outbox_.Told(ticket, status, now);
  if (verdict == Outbox::Verdict::kHeard || verdict == Outbox::Verdict::kRefused) {
    if (ticket == ready_ticket_) {
      ready_ticket_ = 0;
      ready_due_ = now + kTellAgain;
    }
    if (ticket == filled_ticket_) {
      filled_ticket_ = 0;
      filled_due_ = now + kTellAgain;
    }
    if (ticket == norms_ticket_) {
      norms_ticket_ = 0;
      const auto& asked = std::get<v1::CombineNormsRequest>(request);
      verdict == Outbox::Verdict::kHeard ? TookNorms(asked, norms, now) : NormsRefused(asked, status, now);
    }
  }
  Pump(now);
}

}  // namespace pumasi
