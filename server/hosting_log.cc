// Hosting's log of applied gradients: one write at a time, and what waits for it.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/error_detail.h"
#include "common/planted_bug.h"
#include "server/hosting.h"

namespace pumasi {

uint64_t Hosting::LogFileOf(uint64_t version) const {
  const uint64_t every = assignment_.job().checkpoint().every_batches();
  return every == 0 ? 0 : version / every * every;
}

void Hosting::WriteLog(absl::Duration now) {
  for (LoggedBytes& bytes : shard_->TakeLog()) log_.waiting.push_back(std::move(bytes));
  if (log_.ticket != 0 && now - log_.since >= kLogHangs) {
    log_.hanging = std::exchange(log_.ticket, 0);
    ++changed_;
    LogLost(log_.first, log_.last, log_.file,
            absl::StrCat("the disk has not answered for ", absl::FormatDuration(kLogHangs)), now);
  }
  if (log_.hanging != 0) {
    // Nobody knows for how long: what is to be written meanwhile would fill the memory.
    for (const LoggedBytes& bytes : std::exchange(log_.waiting, {})) {
      LogLost(bytes.version, bytes.version, LogFileOf(bytes.version), "the disk does not answer", now);
    }
  }
  if (log_.ticket != 0 || log_.waiting.empty()) return;
  LogWish wish;
  wish.ticket = log_.ticket = next_ticket_++;
  log_.since = now;
  wish.folder = assignment_.push_log();
  wish.writer = absl::StrFormat("%016x-g%d", options_.incarnation, made_for_.generation);
  log_.first = log_.last = log_.waiting[0].version;
  for (LoggedBytes& bytes : std::exchange(log_.waiting, {})) {
    log_.first = std::min(log_.first, bytes.version);
    log_.last = std::max(log_.last, bytes.version);
    // A file is removed when the checkpoint at its end is there. So a late batch may stand in a later file, but not the
    // other way round.
    log_.file = std::max(log_.file, LogFileOf(bytes.version));
    if (wish.parts.empty() || wish.parts.back().first_version != log_.file) wish.parts.push_back({log_.file, ""});
    wish.counted.push_back(std::move(bytes.counted));
    std::string& records = wish.parts.back().records;
    if (records.empty()) {
      records = std::move(bytes.records);
    } else {
      records += bytes.records;
    }
  }
  effects_.logs.push_back(std::move(wish));
}

void Hosting::LogLost(uint64_t first, uint64_t last, uint64_t file, absl::string_view why, absl::Duration now) {
  if (log_.warned == file) return;
  log_.warned = file;
  TellWarning(absl::StrCat("could not write the log of batch ", first, last == first ? "" : absl::StrCat(" to ", last),
                           ": ", why, "; until the next checkpoint, a job that loses parameters goes back to batch ",
                           first, " at best"),
              now);
}

void Hosting::Logged(uint64_t ticket, const absl::Status& status, absl::Duration now) {
  if (ticket == 0 || (ticket != log_.ticket && ticket != log_.hanging)) return;
  if (ticket == log_.hanging) {
    log_.hanging = 0;
  } else {
    log_.ticket = 0;
    ++changed_;
    if (!status.ok()) LogLost(log_.first, log_.last, log_.file, status.message(), now);
  }
  Pump(now);
}

std::optional<uint64_t> Hosting::FirstUnlogged() const {
  std::optional<uint64_t> first;
  if (log_.ticket != 0) first = log_.first;
  for (const LoggedBytes& bytes : log_.waiting) first = std::min(first.value_or(bytes.version), bytes.version);
  return first;
}

absl::Status Hosting::CheckLogged(uint64_t end) const {
  const auto unlogged = FirstUnlogged();
  if (!unlogged.has_value() || *unlogged >= end || Planted(PlantedBug::kLogDoesNotGate)) return absl::OkStatus();
  v1::ErrorDetail detail;
  detail.set_reason(v1::ErrorDetail::NOT_READY);
  detail.set_version(shard_->LeastVersion().value_or(end));
  detail.set_layout_epoch(shard_->layout_epoch());
  detail.set_waiting_for(absl::StrCat("the log of batch ", *unlogged, " to be on the disk"));
  return DetailedError(detail, absl::StrCat("waits for ", detail.waiting_for()));
}

}  // namespace pumasi
