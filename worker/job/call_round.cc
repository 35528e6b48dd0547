#include "worker/job/call_round.h"

#include <algorithm>

namespace pumasi {

CallRound::CallRound(uint64_t number, uint64_t epoch, const std::vector<uint32_t>& servers)
    : number_(number), epoch_(epoch) {
  for (const uint32_t server : servers) servers_.emplace(server, Server());
}

std::vector<uint32_t> CallRound::TakeDue(absl::Duration now) {
  std::vector<uint32_t> due;
  if (halted_) return due;
  for (auto& [index, server] : servers_) {
    if (server.state != State::kWaits || server.due > now) continue;
    server.state = State::kCalled;
    ++server.calls;
    due.push_back(index);
  }
  return due;
}

absl::Duration CallRound::NextDue() const {
  absl::Duration next = absl::InfiniteDuration();
  if (halted_) return next;
  for (const auto& [index, server] : servers_) {
    if (server.state == State::kWaits) next = std::min(next, server.due);
  }
  return next;
}

bool CallRound::Awaits(uint64_t number, uint32_t server) const {
  const auto found = servers_.find(server);
  return number == number_ && found != servers_.end() && found->second.state == State::kCalled;
}

void CallRound::Succeeded(uint32_t server) {
  Server& one = servers_.at(server);
  if (one.state != State::kSucceeded) ++succeeded_;
  one.state = State::kSucceeded;
}

void CallRound::Failed(uint32_t server, bool busy, absl::Duration now, uint64_t random_bits) {
  Server& one = servers_.at(server);
  one.state = State::kWaits;
  one.due = now + (busy ? one.busy : one.failed).Next(random_bits);
}

bool CallRound::succeeded(uint32_t server) const {
  const auto found = servers_.find(server);
  return found != servers_.end() && found->second.state == State::kSucceeded;
}

uint32_t CallRound::calls(uint32_t server) const {
  const auto found = servers_.find(server);
  return found == servers_.end() ? 0 : found->second.calls;
}

}  // namespace pumasi
