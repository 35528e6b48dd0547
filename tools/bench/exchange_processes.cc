#include "tools/bench/exchange_processes.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/errno_status.h"
#include "common/file.h"
#include "common/shutdown.h"

namespace pumasi {
namespace {

constexpr absl::Duration kLookEvery = absl::Milliseconds(100);
constexpr uint64_t kMostLog = 16 << 20;
constexpr size_t kLogEnd = 2000;

// Of all its threads so far.
double ProcessorSecondsOf(const ChildProcess& child) {
  clockid_t clock;
  timespec time{};
  if (clock_getcpuclockid(child.pid(), &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return absl::ToDoubleSeconds(absl::DurationFromTimespec(time));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExchangeProcesses>> ExchangeProcesses::Create() {
  std::unique_ptr<ExchangeProcesses> processes(new ExchangeProcesses);
  char folder[] = "/tmp/pumasi-XXXXXX";  // short: a socket's path may have 107 characters
  if (mkdtemp(folder) == nullptr) return ErrnoStatus(errno, folder, "make a folder");
  processes->folder_ = folder;
  auto counters = ExchangeCounters::Create(processes->folder_ + "/counters");
  if (!counters.ok()) return counters.status();
  processes->counters_ = *std::move(counters);
  return processes;
}

ExchangeProcesses::~ExchangeProcesses() {
  // They are killed: what they hold is of no use.
  clients_.clear();
  servers_.clear();
  (void)RealFiles().RemoveFolder(folder_);
}

std::string ExchangeProcesses::SocketOf(const std::string& name) const {
  return absl::StrCat(folder_, "/", name, ".sock");
}

absl::Status ExchangeProcesses::Start(const std::string& name, std::vector<std::string> arguments, Children* children) {
  auto child = ChildProcess::Start(name, arguments, absl::StrCat(folder_, "/", name, ".log"));
  if (!child.ok()) return child.status();
  children->push_back(*std::move(child));
  return absl::OkStatus();
}

absl::Status ExchangeProcesses::CheckAll() {
  if (Shutdown::Install().Requested()) return absl::CancelledError("interrupted");
  for (Children* children : {&servers_, &clients_}) {
    for (const auto& child : *children) {
      if (child->Running()) continue;
      const auto log = ReadFile(RealFiles(), absl::StrCat(folder_, "/", child->name(), ".log"), kMostLog);
      const std::string end = log.ok() ? log->substr(log->size() - std::min(log->size(), kLogEnd)) : "";
      return absl::InternalError(absl::StrCat(child->name(), " ended by ", child->HowItEnded(), ":\n", end));
    }
  }
  return absl::OkStatus();
}

absl::Status ExchangeProcesses::WaitFor(ExchangeCounter& counter, const std::string& name, absl::Duration deadline) {
  while (!counter.WaitUntilReady(kLookEvery)) {
    if (absl::Status status = CheckAll(); !status.ok()) return status;
    if (RealClock().Now() < deadline) continue;
    return absl::DeadlineExceededError(absl::StrCat("waited for ", name, " to be ready"));
  }
  return absl::OkStatus();
}

absl::Status ExchangeProcesses::WaitForServers(absl::Duration timeout) {
  const absl::Duration deadline = RealClock().Now() + timeout;
  for (uint32_t i = 0; i < servers_.size(); ++i) {
    absl::Status status = WaitFor(counters_->server(i), servers_[i]->name(), deadline);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ExchangeProcesses::WaitForClients(absl::Duration timeout) {
  const absl::Duration deadline = RealClock().Now() + timeout;
  for (uint32_t i = 0; i < clients_.size(); ++i) {
    absl::Status status = WaitFor(counters_->client(i), clients_[i]->name(), deadline);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

ExchangeProcesses::Sample ExchangeProcesses::Take() const {
  Sample sample;
  sample.at = RealClock().Now();
  for (uint32_t i = 0; i < clients_.size(); ++i) {
    sample.legs += static_cast<double>(counters_->client(i).legs());
    sample.bytes += static_cast<double>(counters_->client(i).bytes());
  }
  for (const auto& server : servers_) sample.server_seconds += ProcessorSecondsOf(*server);
  for (const auto& client : clients_) sample.client_seconds += ProcessorSecondsOf(*client);
  return sample;
}

absl::StatusOr<ExchangeRates> ExchangeProcesses::Measure(absl::Duration length) {
  const Sample begin = Take();
  (void)Shutdown::Install().WaitFor(length);  // only that ends it early
  const Sample end = Take();
  if (absl::Status status = CheckAll(); !status.ok()) return status;
  const double seconds = absl::ToDoubleSeconds(end.at - begin.at);
  const double exchanges = (end.legs - begin.legs) / static_cast<double>(servers_.size());
  if (exchanges < 1) {
    return absl::DeadlineExceededError(
        absl::StrCat("nobody got an exchange done in ", seconds, " s; ask for more --seconds"));
  }
  return ExchangeRates{exchanges / seconds, (end.bytes - begin.bytes) / seconds,
                       (end.server_seconds - begin.server_seconds) / exchanges,
                       (end.client_seconds - begin.client_seconds) / exchanges};
}

}  // namespace pumasi
