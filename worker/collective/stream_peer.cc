#include "worker/collective/stream_peer.h"

#include <poll.h>

#include <set>

namespace pumasi {
namespace {

// Bytes: more than lies in sockets between two members.
constexpr size_t kMostDropped = size_t{256} << 20;

}  // namespace

void StreamPeer::BeginCall() {
  nodes_sent = sums_sent = nodes_got = sums_got = 0;
  told_.clear();
  sends_told_ = false;
}

void StreamPeer::Came(uint64_t call) {
  if (call > told_waits) waits_for.reset();
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

bool StreamPeer::DropTold() {
  if (!sends_told_) return false;
  frames.Drop();
  told_.clear();
  sends_told_ = false;
  return true;
}

bool StreamPeer::FindLastWords(size_t most, uint32_t members) {
  std::vector<uint32_t> dropped;
  for (size_t all = 0; all <= kMostDropped;) {
    if (frames.has_header()) {
      const FrameHeader& header = frames.header();
      const bool values = header.kind == FrameHeader::kNode || header.kind == FrameHeader::kSum;
      if (header.count > (values ? most : members)) return false;
      all += sizeof header + 4 * header.count;
      dropped.resize(header.count + 1);  // one more, so that there is a place where nothing comes
      frames.Take(dropped.data());
    }
    if (frames.has_frame()) {
      const FrameHeader header = frames.header();
      frames.Next();
      if (header.kind != FrameHeader::kBroken) continue;
      named.assign(dropped.begin(), dropped.begin() + static_cast<ptrdiff_t>(header.count));
      return true;
    }
    if (frames.Receive() != StreamFrames::Step::kMoved) break;
  }
  frames.Next();  // nothing comes to `dropped` any more
  return false;
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
