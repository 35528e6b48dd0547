// One thread serves all sockets, none of which it waits for alone. A member sends its values of the others' chunks to
// their owners, piece by piece, and the sums of its own chunks as soon as the others' values of a piece are there. Each
// pair's order of frames is fixed, so that what comes can be checked, and received into its place.
#include <poll.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/collective/allreduce.h"
#include "worker/collective/block_plan.h"
#include "worker/collective/socket_io.h"
#include "worker/collective/stream_frames.h"
#include "worker/collective/stream_peer.h"
#include "worker/collective/stream_schedule.h"
#include "worker/collective/tree_sum.h"

namespace pumasi {
namespace {

using Clock = std::chrono::steady_clock;
using Step = StreamFrames::Step;

// Floats of a frame, about.
constexpr size_t kPiece = size_t{32} << 10;
// Rounds whose values may be here before all have sent theirs of the first of them.
constexpr size_t kAhead = 4;
// For telling the others why, at the end.
constexpr std::chrono::milliseconds kFarewell{100};

class StreamMember : public Allreduce {
 public:
  StreamMember(const Group& group, uint32_t self, std::vector<Descriptor> sockets);
  absl::Status Sum(const std::vector<const float*>& nodes, size_t floats, float* sum,
                   std::chrono::milliseconds timeout) override;

 private:
  struct Call {
    const StreamSchedule schedule;
    const std::vector<const float*>& nodes;
    float* const sum;
    size_t summed = 0;  // rounds

    size_t rounds() const { return schedule.plan().rounds(); }
  };

  absl::Status Run(Call& call, SocketDeadline begin, SocketDeadline deadline);
  // A frame at most, as far as it goes without waiting; sets *moved if that is anywhere.
  absl::Status Send(Call& call, uint32_t member, bool* moved);
  absl::Status Receive(Call& call, uint32_t member, bool* moved);
  // False: there is nothing to send now.
  bool BeginFrame(const Call& call, StreamPeer& peer);
  // Where the frame goes whose header has come. nullptr: it is of a later call, or a round too far ahead.
  absl::StatusOr<void*> PlaceOf(Call& call, uint32_t member);
  absl::Status Finish(Call& call, uint32_t member);
  // Rounds of which all values are there.
  void SumReady(Call& call);
  bool Done(const Call& call, const StreamPeer& peer) const;
  // Whether something has to come from it before this call can end.
  bool Owes(const Call& call, const StreamPeer& peer) const;

  float* Place(uint32_t leaf, size_t round, size_t place) {
    return places_[leaf].get() + (round % kAhead) * most_ + place;
  }

  std::vector<uint32_t> WaitsFor(const Call& call) const;
  absl::Status Late(const Call& call);
  // `behind`: it sent more than could be taken here.
  absl::Status Gone(const Call& call, uint32_t member, bool behind);
  // It takes nothing more.
  absl::Status Left(Call& call, uint32_t member);
  // It has given the group up, and `named` says because of whom.
  absl::Status GivenUp(uint32_t member);
  void Farewell();
  std::string Names(const std::vector<uint32_t>& members) const;

  const Group group_;
  const uint32_t self_;
  const std::vector<SumLeaf> leaves_;
  const size_t own_nodes_;
  std::vector<std::vector<uint32_t>> leaf_of_;      // by member and node: its place in leaves_
  const size_t most_;                               // floats of a round, at most
  std::vector<std::unique_ptr<float[]>> places_;    // by leaf of another member: kAhead rounds
  std::vector<std::unique_ptr<StreamPeer>> peers_;  // by member
  std::vector<uint32_t> owned_;                     // own chunks
  TreeSum sum_;
  uint64_t calls_ = 0;
  std::chrono::milliseconds timeout_{0};
  std::vector<uint32_t> blamed_;
  absl::Status error_;
};

std::vector<PartRange> NodesOf(const std::vector<SumLeaf>& leaves) {
  std::vector<PartRange> nodes;
  for (const SumLeaf& leaf : leaves) nodes.push_back(leaf.node);
  return nodes;
}

StreamMember::StreamMember(const Group& group, uint32_t self, std::vector<Descriptor> sockets)
    : group_(group),
      self_(self),
      leaves_(LeavesOf(group)),
      own_nodes_(NodesOf(group.shares[self], group.parts).size()),
      most_(group.chunks() * kPiece + BlockPlan::kAligned),
      owned_(ChunksOf(group, self)),
      sum_(NodesOf(leaves_), group.parts) {
  leaf_of_.resize(group.size());
  for (uint32_t i = 0; i < leaves_.size(); ++i) {
    leaf_of_[leaves_[i].member].push_back(i);  // a member's nodes are in order here, too
    // Not set to anything: pages of others' chunks are never touched, and take no memory.
    places_.emplace_back(leaves_[i].member == self ? nullptr : new float[kAhead * most_]);
  }
  for (uint32_t member = 0; member < group.size(); ++member) {
    peers_.push_back(std::make_unique<StreamPeer>(std::move(sockets[member])));
    peers_.back()->nodes = NodesOf(group.shares[member], group.parts);
    peers_.back()->owned = ChunksOf(group, member);
  }
}

std::string StreamMember::Names(const std::vector<uint32_t>& members) const {
  std::vector<std::string> names;
  for (const uint32_t member : members) names.push_back(group_.members[member]);
  return absl::StrJoin(names, ", ");
}

bool StreamMember::BeginFrame(const Call& call, StreamPeer& peer) {
  if (peer.BeginTold()) return true;
  const std::vector<PartRange>& nodes = peers_[self_]->nodes;
  FrameHeader header;
  const float* values = nullptr;
  // Sums first: somebody may wait for them.
  if (peer.sums_sent < StreamSchedule::SumFrames(call.summed, owned_)) {
    header = call.schedule.Sum(peer.sums_sent++, owned_).header;
    values = call.sum + header.first;
  } else if (peer.nodes_sent < StreamSchedule::NodeFrames(call.rounds(), peer.owned, nodes)) {
    const auto due = call.schedule.Node(peer.nodes_sent++, peer.owned, nodes);
    header = due.header;
    values = call.nodes[due.node] + header.first;
  } else {
    return false;
  }
  peer.frames.Begin(header, values);
  bytes_sent_ += header.count * sizeof(float);
  return true;
}

absl::Status StreamMember::Send(Call& call, uint32_t member, bool* moved) {
  StreamPeer& peer = *peers_[member];
  if (!peer.frames.sending() && !BeginFrame(call, peer)) return absl::OkStatus();
  while (peer.frames.sending()) {
    const Step step = peer.frames.Send();
    if (step == Step::kLater) return absl::OkStatus();
    if (step == Step::kGone) return Left(call, member);
    *moved = true;
  }
  return absl::OkStatus();
}

absl::Status StreamMember::Left(Call& call, uint32_t member) {
  StreamPeer& peer = *peers_[member];
  for (bool more = true; more;) {  // it may have told why
    more = false;
    if (absl::Status status = Receive(call, member, &more); !status.ok()) return status;
  }
  // Whoever has done its part need not hear that others wait.
  if (peer.DropTold() && Done(call, peer)) return absl::OkStatus();
  const bool behind = peer.frames.has_header();
  if (behind && peer.FindLastWords(most_, group_.size())) return GivenUp(member);
  return Gone(call, member, behind);
}

absl::StatusOr<void*> StreamMember::PlaceOf(Call& call, uint32_t member) {
  StreamPeer& peer = *peers_[member];
  const FrameHeader& header = peer.frames.header();
  const StreamSchedule& schedule = call.schedule;
  if (header.call > schedule.call()) return nullptr;
  if (header.kind == FrameHeader::kWaits || header.kind == FrameHeader::kBroken) {
    const bool again = header.kind == FrameHeader::kWaits && header.call <= peer.told_waits;  // would have no end
    if (header.count <= group_.size() && !again) {
      peer.named.assign(header.count + 1, 0);  // one more, so that there is a place where none is named
      return peer.named.data();
    }
  } else if (header.call == schedule.call() && header.floats != schedule.floats()) {
    blamed_ = {member};
    return absl::InvalidArgumentError(absl::StrCat(group_.members[member], " sums ", header.floats,
                                                   " values where this member, ", group_.members[self_], ", sums ",
                                                   schedule.floats()));
  } else if (header.kind == FrameHeader::kNode &&
             peer.nodes_got < StreamSchedule::NodeFrames(call.rounds(), owned_, peer.nodes)) {
    const auto due = schedule.Node(peer.nodes_got, owned_, peer.nodes);
    if (header == due.header) {
      if (due.round >= call.summed + kAhead) return nullptr;
      return Place(leaf_of_[member][due.node], due.round, header.first - schedule.plan().Round(due.round).first);
    }
  } else if (header.kind == FrameHeader::kSum && peer.sums_got < StreamSchedule::SumFrames(call.rounds(), peer.owned)) {
    if (header == schedule.Sum(peer.sums_got, peer.owned).header) return call.sum + header.first;
  }
  blamed_ = {member};
  return absl::InternalError(
      absl::StrCat(group_.members[member], " sent what is not due, in call ", calls_, " of epoch ", group_.epoch));
}

absl::Status StreamMember::Finish(Call& call, uint32_t member) {
  StreamPeer& peer = *peers_[member];
  const FrameHeader header = peer.frames.header();
  peer.frames.Next();
  if (header.kind == FrameHeader::kSum || header.kind == FrameHeader::kNode) {
    peer.Came(header.call);
    ++(header.kind == FrameHeader::kSum ? peer.sums_got : peer.nodes_got);
    SumReady(call);
    return absl::OkStatus();
  }
  peer.named.resize(header.count);
  if (header.kind == FrameHeader::kBroken) return GivenUp(member);
  std::erase_if(peer.named, [&](uint32_t named) { return named >= group_.size(); });
  peer.waits_for = peer.named;
  peer.told_waits = header.call;
  return absl::OkStatus();
}

absl::Status StreamMember::GivenUp(uint32_t member) {
  blamed_ = peers_[member]->named;
  std::erase_if(blamed_, [&](uint32_t named) { return named >= group_.size(); });
  if (std::find(blamed_.begin(), blamed_.end(), self_) != blamed_.end()) {
    return absl::UnavailableError(absl::StrCat(group_.members[member], " has given up waiting for this member, ",
                                               group_.members[self_], ", in epoch ", group_.epoch));
  }
  if (blamed_.empty()) {
    return absl::UnavailableError(
        absl::StrCat(group_.members[member], " has given up the group of epoch ", group_.epoch));
  }
  return absl::UnavailableError(absl::StrCat(Names(blamed_), blamed_.size() == 1 ? " is" : " are", " missing, ",
                                             group_.members[member], " says, in epoch ", group_.epoch));
}

absl::Status StreamMember::Receive(Call& call, uint32_t member, bool* moved) {
  StreamPeer& peer = *peers_[member];
  while (true) {
    if (peer.frames.has_header()) {
      const auto place = PlaceOf(call, member);
      if (!place.ok()) return place.status();
      if (*place == nullptr) return absl::OkStatus();
      peer.frames.Take(*place);
    }
    if (peer.frames.has_frame()) {
      *moved = true;
      return Finish(call, member);
    }
    const Step step = peer.frames.Receive();
    if (step == Step::kLater) return absl::OkStatus();
    // Whoever has done its part in this call may leave.
    if (step == Step::kGone) return Owes(call, peer) ? Gone(call, member, /*behind=*/false) : absl::OkStatus();
    *moved = true;
  }
}

void StreamMember::SumReady(Call& call) {
  while (call.summed < call.rounds()) {
    for (uint32_t member = 0; member < group_.size(); ++member) {
      const StreamPeer& peer = *peers_[member];
      if (member != self_ && peer.nodes_got < StreamSchedule::NodeFrames(call.summed + 1, owned_, peer.nodes)) return;
    }
    std::vector<const float*> arrays(leaves_.size());
    const size_t begin = call.schedule.plan().Round(call.summed).first;
    for (const uint32_t chunk : owned_) {
      const Block piece = call.schedule.plan().Piece(call.summed, chunk);
      for (uint32_t i = 0; i < leaves_.size(); ++i) {
        arrays[i] = leaves_[i].member == self_ ? call.nodes[leaves_[i].index] + piece.first
                                               : Place(i, call.summed, piece.first - begin);
      }
      sum_.Run(arrays, piece.size(), call.sum + piece.first, nullptr);
    }
    ++call.summed;
  }
}

bool StreamMember::Owes(const Call& call, const StreamPeer& peer) const {
  return peer.nodes_got < StreamSchedule::NodeFrames(call.rounds(), owned_, peer.nodes) ||
         peer.sums_got < StreamSchedule::SumFrames(call.rounds(), peer.owned);
}

bool StreamMember::Done(const Call& call, const StreamPeer& peer) const {
  return !Owes(call, peer) && !peer.frames.sending() &&
         peer.sums_sent == StreamSchedule::SumFrames(call.rounds(), owned_) &&
         peer.nodes_sent == StreamSchedule::NodeFrames(call.rounds(), peer.owned, peers_[self_]->nodes);
}

// Those without whom the next sum can't be made; if there are none, those whose sums have not come.
std::vector<uint32_t> StreamMember::WaitsFor(const Call& call) const {
  std::vector<uint32_t> members;
  for (uint32_t member = 0; member < group_.size(); ++member) {
    const StreamPeer& peer = *peers_[member];
    const size_t due = StreamSchedule::NodeFrames(std::min(call.summed + 1, call.rounds()), owned_, peer.nodes);
    if (member != self_ && peer.nodes_got < due) members.push_back(member);
  }
  if (!members.empty()) return members;
  for (uint32_t member = 0; member < group_.size(); ++member) {
    if (member != self_ && !Done(call, *peers_[member])) members.push_back(member);
  }
  return members;
}

absl::Status StreamMember::Gone(const Call& call, uint32_t member, bool behind) {
  blamed_ = {member};
  std::vector<uint32_t> due = WaitsFor(call);
  std::string text = absl::StrCat(group_.members[member], " is gone");
  if (behind && std::find(due.begin(), due.end(), member) == due.end()) {
    // It was ahead of others: it may have given them up, and not come through with that.
    due = WhoIsSilent(due, self_, peers_);
    std::erase(due, member);
    if (!due.empty()) absl::StrAppend(&text, ", while ", Names(due), due.size() == 1 ? " is due" : " are due");
    blamed_.insert(blamed_.end(), due.begin(), due.end());
  }
  return absl::UnavailableError(absl::StrCat(text, ", in epoch ", group_.epoch));
}

absl::Status StreamMember::Late(const Call& call) {
  blamed_ = WhoIsSilent(WaitsFor(call), self_, peers_);
  return absl::DeadlineExceededError(
      absl::StrCat(Names(blamed_), " did not do its part within ", timeout_.count(), " ms, in epoch ", group_.epoch));
}

absl::Status StreamMember::Run(Call& call, SocketDeadline begin, SocketDeadline deadline) {
  const SocketDeadline tell = begin + (deadline - begin) / 2;
  bool told = false;
  SumReady(call);  // nobody else may have parts, or this member no chunks
  std::vector<pollfd> ends;
  while (true) {
    bool moved = false;
    for (uint32_t member = 0; member < group_.size(); ++member) {
      if (member == self_) continue;
      absl::Status status = Receive(call, member, &moved);
      if (status.ok()) status = Send(call, member, &moved);
      if (!status.ok()) return status;
    }
    ends.clear();
    for (uint32_t member = 0; member < group_.size(); ++member) {
      StreamPeer& peer = *peers_[member];
      if (member == self_ || Done(call, peer)) continue;
      const bool reads = !peer.frames.has_header();  // otherwise something else has to come first
      const short events = static_cast<short>((reads ? POLLIN : 0) | (peer.frames.sending() ? POLLOUT : 0));
      ends.push_back({events == 0 ? -1 : peer.frames.socket(), events, 0});
    }
    if (ends.empty()) return absl::OkStatus();
    const SocketDeadline now = Clock::now();
    // Also where it is past the deadline: what came while this member did not run is taken before it gives up.
    if (!told && now >= tell) {
      // All of them: those with whom this call has ended may wait for this member in the next one.
      const std::vector<uint32_t> waits_for = WaitsFor(call);
      for (uint32_t member = 0; member < group_.size(); ++member) {
        if (member != self_) peers_[member]->Tell(FrameHeader::kWaits, calls_, waits_for);
      }
      told = true;
      continue;
    }
    if (now >= deadline) return Late(call);
    if (!moved) (void)poll(ends.data(), ends.size(), MillisecondsUntil(told ? deadline : tell));
  }
}

void StreamMember::Farewell() {
  const SocketDeadline deadline = Clock::now() + kFarewell;
  for (uint32_t member = 0; member < group_.size(); ++member) {
    if (member == self_ || blamed_ == std::vector<uint32_t>{member}) continue;
    peers_[member]->Tell(FrameHeader::kBroken, calls_, blamed_);
    peers_[member]->SendTold(deadline);
  }
  peers_.clear();  // closes the sockets
}

absl::Status StreamMember::Sum(const std::vector<const float*>& nodes, size_t floats, float* sum,
                               std::chrono::milliseconds timeout) {
  if (!error_.ok()) return error_;
  if (floats == 0 || nodes.size() != own_nodes_) {
    error_ = absl::InvalidArgumentError(absl::StrCat(floats, " values of ", nodes.size(), " nodes, where ",
                                                     group_.members[self_], " has ", own_nodes_));
  } else {
    timeout_ = timeout;
    ++calls_;
    for (const auto& peer : peers_) peer->BeginCall();
    const StreamSchedule schedule(BlockPlan(floats, group_.chunks(), most_), calls_, floats, group_.parts);
    Call call{schedule, nodes, sum};
    const auto begin = Clock::now();
    error_ = Run(call, begin, begin + timeout);
  }
  if (!error_.ok()) Farewell();
  return error_;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Allreduce>> StreamAllreduce(const Group& group, uint32_t self,
                                                           std::vector<Descriptor> sockets) {
  if (absl::Status status = CheckMember(group, self, sockets); !status.ok()) return status;
  return std::make_unique<StreamMember>(group, self, std::move(sockets));
}

}  // namespace pumasi
