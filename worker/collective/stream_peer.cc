#include "worker/collective/stream_peer.h"

#include <poll.h>

#include <set>

namespace pumasi {

void StreamPeer::BeginCall() {
  nodes_sent = sums_sent = nodes_got = sums_got = 0;
  waits_for.reset();
}

void StreamPeer::Tell(FrameHeader::Kind kind, uint64_t call, const std::vector<uint32_t>& members) {
  Told told;
  told.header.kind = kind;
  told.header.call = call;
  told.header.count = members.size();
  told.members = members;
  told_.push_back(std::move(told));
}

bool StreamPeer::BeginTold() {
  if (std::exchange(sends_told_, false)) told_.pop_front();
  if (told_.empty()) return false;
  sends_told_ = true;
  frames.Begin(told_.front().header, told_.front().members.data());
  return true;
}

void StreamPeer::SendTold(SocketDeadline deadline) {
  while (frames.sending() || BeginTold()) {
    const auto step = frames.Send();
    if (step == StreamFrames::Step::kGone) return;
    if (step == StreamFrames::Step::kLater && !WaitForSocket(frames.socket(), POLLOUT, deadline).ok()) return;
  }
}

std::vector<uint32_t> WhoIsSilent(const std::vector<uint32_t>& direct, uint32_t self,
                                  const std::vector<std::unique_ptr<StreamPeer>>& peers) {
  std::vector<uint32_t> open = direct;
  std::set<uint32_t> seen, silent;
  while (!open.empty()) {
    const uint32_t member = open.back();
    open.pop_back();
    if (member == self || !seen.insert(member).second) continue;
    const auto& waits_for = peers[member]->waits_for;
    if (!waits_for.has_value()) {
      silent.insert(member);
    } else {
      open.insert(open.end(), waits_for->begin(), waits_for->end());
    }
  }
  return silent.empty() ? direct : std::vector<uint32_t>(silent.begin(), silent.end());
}

}  // namespace pumasi
