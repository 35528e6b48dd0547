// Each member writes its values of the others' chunks to its own outbox, reads the others' values of its own chunks
// from theirs, and shows the sums. A buffer goes through in rounds, so that the memory between the processes is small
// and stays in their caches; while a member waits for one round, the others have its next one already.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/collective/allreduce.h"
#include "worker/collective/block_plan.h"
#include "worker/collective/futex.h"
#include "worker/collective/outbox.h"
#include "worker/collective/socket_io.h"
#include "worker/collective/tree_sum.h"

namespace pumasi {
namespace {

using Clock = std::chrono::steady_clock;

// How soon the end of a member is seen while others wait for it.
constexpr std::chrono::milliseconds kLookEvery{10};

// Whether a count that may have wrapped around has come to `due`.
bool Reached(uint32_t count, uint32_t due) { return static_cast<int32_t>(count - due) >= 0; }

class SharedMember : public Allreduce {
 public:
  SharedMember(const Group& group, uint32_t self, std::vector<Descriptor> sockets)
      : group_(group),
        self_(self),
        sockets_(std::move(sockets)),
        leaves_(LeavesOf(group)),
        sum_(NodesOf(leaves_), group.parts),
        outboxes_(group.size()) {}

  absl::Status Meet(std::chrono::milliseconds timeout);
  absl::Status Sum(const std::vector<const float*>& nodes, size_t floats, float* sum,
                   std::chrono::milliseconds timeout) override;

 private:
  using Count = std::atomic<uint32_t> OutboxState::*;

  static std::vector<PartRange> NodesOf(const std::vector<SumLeaf>& leaves) {
    std::vector<PartRange> nodes;
    for (const SumLeaf& leaf : leaves) nodes.push_back(leaf.node);
    return nodes;
  }
  size_t NodesOf(uint32_t member) const { return pumasi::NodesOf(group_.shares[member], group_.parts).size(); }
  OutboxState& mine() { return outboxes_[self_]->state(); }

  absl::Status Run(const std::vector<const float*>& nodes, size_t floats, float* sum, SocketDeadline deadline);
  // Steps of one round; `counted`: its number over all calls.
  void Scatter(const BlockPlan& plan, size_t round, uint32_t counted, const std::vector<const float*>& nodes);
  void SumOwn(const BlockPlan& plan, size_t round, uint32_t counted, const std::vector<const float*>& nodes,
              float* sum);
  void Gather(const BlockPlan& plan, size_t round, uint32_t counted, float* sum);

  // Until the count of each other member has come to `due`.
  absl::Status WaitForAll(Count count, uint32_t due, SocketDeadline deadline);
  absl::Status WaitFor(uint32_t member, Count count, uint32_t due, SocketDeadline deadline);
  // Whether a member is gone that has not done all of this call; who is to blame for it.
  absl::Status LookForGone();
  absl::Status Late();
  absl::Status CheckSizes(size_t floats);
  void Post(std::atomic<uint32_t>& count, uint32_t value);

  const Group group_;
  const uint32_t self_;
  const std::vector<Descriptor> sockets_;
  const std::vector<SumLeaf> leaves_;
  TreeSum sum_;
  std::vector<std::unique_ptr<Outbox>> outboxes_;
  uint32_t begin_ = 0, end_ = 0;  // counted rounds of this call
  std::chrono::milliseconds timeout_{0};
  uint32_t blamed_ = OutboxState::kUnknown;
  absl::Status error_;
};

absl::Status SharedMember::Meet(std::chrono::milliseconds timeout) {
  const SocketDeadline deadline = Clock::now() + timeout;
  auto own = Outbox::Create(NodesOf(self_));
  if (!own.ok()) return own.status();
  outboxes_[self_] = *std::move(own);
  const auto about = [&](uint32_t member, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(group_.members[member], ": ", status.message()));
  };
  for (uint32_t member = 0; member < group_.size(); ++member) {
    if (member == self_) continue;
    absl::Status status = SendFile(sockets_[member].get(), outboxes_[self_]->file(), deadline);
    if (!status.ok()) return about(member, status);
  }
  std::vector<std::string> late;
  for (uint32_t member = 0; member < group_.size(); ++member) {
    if (member == self_) continue;
    const auto file = ReceiveFile(sockets_[member].get(), deadline);
    if (absl::IsDeadlineExceeded(file.status())) {
      late.push_back(group_.members[member]);
      continue;
    }
    if (!file.ok()) return about(member, file.status());
    auto outbox = Outbox::Open(*file, NodesOf(member));
    if (!outbox.ok()) return about(member, outbox.status());
    outboxes_[member] = *std::move(outbox);
  }
  if (late.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat(absl::StrJoin(late, ", "), " did not hand over shared memory within ",
                                                  timeout.count(), " ms, in epoch ", group_.epoch));
}

void SharedMember::Post(std::atomic<uint32_t>& count, uint32_t value) {
  count.store(value, std::memory_order_release);
  FutexWake(count);
}

void SharedMember::Scatter(const BlockPlan& plan, size_t round, uint32_t counted,
                           const std::vector<const float*>& nodes) {
  const size_t begin = plan.Round(round).first;
  for (uint32_t chunk = 0; chunk < group_.chunks(); ++chunk) {
    if (group_.owners[chunk] == self_) continue;
    const Block piece = plan.Piece(round, chunk);
    for (size_t i = 0; i < nodes.size(); ++i) {
      std::memcpy(outboxes_[self_]->node(counted, i) + (piece.first - begin), nodes[i] + piece.first,
                  piece.size() * sizeof(float));
      bytes_sent_ += piece.size() * sizeof(float);
    }
  }
  Post(mine().scattered, counted + 1);
}

void SharedMember::SumOwn(const BlockPlan& plan, size_t round, uint32_t counted, const std::vector<const float*>& nodes,
                          float* sum) {
  const size_t begin = plan.Round(round).first;
  std::vector<const float*> arrays(leaves_.size());
  for (uint32_t chunk = 0; chunk < group_.chunks(); ++chunk) {
    if (group_.owners[chunk] != self_) continue;
    const Block piece = plan.Piece(round, chunk);
    for (size_t i = 0; i < leaves_.size(); ++i) {
      const auto [member, index, node] = leaves_[i];
      arrays[i] = member == self_ ? nodes[index] + piece.first
                                  : outboxes_[member]->node(counted, index) + (piece.first - begin);
    }
    float* const shown = group_.size() > 1 ? outboxes_[self_]->sums(counted) + (piece.first - begin) : nullptr;
    sum_.Run(arrays, piece.size(), sum + piece.first, shown);
    bytes_sent_ += piece.size() * sizeof(float) * (group_.size() - 1);
  }
  Post(mine().summed, counted + 1);
}

void SharedMember::Gather(const BlockPlan& plan, size_t round, uint32_t counted, float* sum) {
  const size_t begin = plan.Round(round).first;
  for (uint32_t chunk = 0; chunk < group_.chunks(); ++chunk) {
    const uint32_t owner = group_.owners[chunk];
    if (owner == self_) continue;
    const Block piece = plan.Piece(round, chunk);
    std::memcpy(sum + piece.first, outboxes_[owner]->sums(counted) + (piece.first - begin),
                piece.size() * sizeof(float));
  }
}

absl::Status SharedMember::LookForGone() {
  for (uint32_t member = 0; member < group_.size(); ++member) {
    if (member == self_) continue;
    // Nothing is sent after Meet: only the end is to be read.
    pollfd end{sockets_[member].get(), POLLIN, 0};
    if (poll(&end, 1, 0) <= 0) continue;
    OutboxState& state = outboxes_[member]->state();
    if (Reached(state.summed.load(std::memory_order_acquire), end_)) continue;  // it left after its part of this call
    const uint32_t broken = state.broken.load(std::memory_order_acquire);
    const std::string& name = group_.members[member];
    if (broken == 0) {
      blamed_ = member;
      return absl::UnavailableError(absl::StrCat(name, " is gone, in epoch ", group_.epoch));
    }
    if (broken == OutboxState::kUnknown || broken > group_.size()) {
      return absl::UnavailableError(absl::StrCat(name, " has given up the group of epoch ", group_.epoch));
    }
    blamed_ = broken - 1;
    if (blamed_ == self_) {
      return absl::UnavailableError(absl::StrCat(name, " has given up waiting for this member, ", group_.members[self_],
                                                 ", in epoch ", group_.epoch));
    }
    return absl::UnavailableError(
        absl::StrCat(group_.members[blamed_], " is missing, ", name, " says, in epoch ", group_.epoch));
  }
  return absl::OkStatus();
}

// A member that waits for another one has done more than that one: those that have done least hold up the others.
absl::Status SharedMember::Late() {
  const auto done = [&](uint32_t member) {
    const OutboxState& state = outboxes_[member]->state();
    return static_cast<int32_t>(state.scattered.load() - begin_) + static_cast<int32_t>(state.summed.load() - begin_);
  };
  int32_t least = done(self_ == 0 ? 1 : 0);
  for (uint32_t member = 0; member < group_.size(); ++member) {
    if (member != self_) least = std::min(least, done(member));
  }
  std::vector<std::string> names;
  for (uint32_t member = 0; member < group_.size(); ++member) {
    if (member == self_ || done(member) != least) continue;
    names.push_back(group_.members[member]);
    blamed_ = member;
  }
  return absl::DeadlineExceededError(absl::StrCat(absl::StrJoin(names, ", "), " did not do its part within ",
                                                  timeout_.count(), " ms, in epoch ", group_.epoch));
}

absl::Status SharedMember::WaitFor(uint32_t member, Count count, uint32_t due, SocketDeadline deadline) {
  const std::atomic<uint32_t>& number = outboxes_[member]->state().*count;
  // It sleeps at once: looking for a while first cost more than it saved, wherever the cores had other work.
  uint32_t seen = number.load(std::memory_order_acquire);
  if (Reached(seen, due)) return absl::OkStatus();
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - Clock::now());
    FutexWait(number, seen, std::clamp<std::chrono::nanoseconds>(left, std::chrono::nanoseconds(0), kLookEvery));
    if (Reached(number.load(std::memory_order_acquire), due)) return absl::OkStatus();
    const absl::Status gone = LookForGone();
    // Again: what a member did before it left counts.
    if (Reached(seen = number.load(std::memory_order_acquire), due)) return absl::OkStatus();
    if (!gone.ok()) return gone;
    if (Clock::now() >= deadline) return Late();
  }
}

absl::Status SharedMember::WaitForAll(Count count, uint32_t due, SocketDeadline deadline) {
  for (uint32_t member = 0; member < group_.size(); ++member) {
    if (member == self_) continue;
    if (absl::Status status = WaitFor(member, count, due, deadline); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SharedMember::CheckSizes(size_t floats) {
  for (uint32_t member = 0; member < group_.size(); ++member) {
    const uint64_t theirs = outboxes_[member]->state().floats.load(std::memory_order_relaxed);
    if (theirs == floats) continue;
    blamed_ = member;
    return absl::InvalidArgumentError(absl::StrCat(group_.members[member], " sums ", theirs,
                                                   " values where this member, ", group_.members[self_], ", sums ",
                                                   floats));
  }
  return absl::OkStatus();
}

absl::Status SharedMember::Run(const std::vector<const float*>& nodes, size_t floats, float* sum,
                               SocketDeadline deadline) {
  const BlockPlan plan(floats, group_.chunks(), Outbox::kRound);
  begin_ = end_;
  end_ = begin_ + static_cast<uint32_t>(plan.rounds());
  mine().floats.store(floats, std::memory_order_relaxed);
  Scatter(plan, 0, begin_, nodes);
  for (size_t round = 0; round < plan.rounds(); ++round) {
    const uint32_t counted = begin_ + static_cast<uint32_t>(round);
    // Into the place of the round before this one, which all have summed: its sums have been gathered here.
    if (round + 1 < plan.rounds()) Scatter(plan, round + 1, counted + 1, nodes);
    absl::Status status = WaitForAll(&OutboxState::scattered, counted + 1, deadline);
    if (status.ok() && round == 0) status = CheckSizes(floats);
    if (!status.ok()) return status;
    // Into the place of the round before the last one, whose sums all have gathered: they have scattered this one.
    SumOwn(plan, round, counted, nodes, sum);
    status = WaitForAll(&OutboxState::summed, counted + 1, deadline);
    if (!status.ok()) return status;
    Gather(plan, round, counted, sum);
  }
  return absl::OkStatus();
}

absl::Status SharedMember::Sum(const std::vector<const float*>& nodes, size_t floats, float* sum,
                               std::chrono::milliseconds timeout) {
  if (!error_.ok()) return error_;
  timeout_ = timeout;
  if (floats == 0 || nodes.size() != NodesOf(self_)) {
    error_ = absl::InvalidArgumentError(absl::StrCat(floats, " values of ", nodes.size(), " nodes, where ",
                                                     group_.members[self_], " has ", NodesOf(self_)));
  } else {
    error_ = Run(nodes, floats, sum, Clock::now() + timeout);
  }
  if (error_.ok()) return error_;
  mine().broken.store(blamed_ == OutboxState::kUnknown ? blamed_ : blamed_ + 1, std::memory_order_release);
  for (const Descriptor& socket : sockets_) {
    if (socket.get() >= 0) shutdown(socket.get(), SHUT_RDWR);
  }
  return error_;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Allreduce>> SharedAllreduce(const Group& group, uint32_t self,
                                                           std::vector<Descriptor> sockets,
                                                           std::chrono::milliseconds timeout) {
  if (absl::Status status = CheckMember(group, self, sockets); !status.ok()) return status;
  auto member = std::make_unique<SharedMember>(group, self, std::move(sockets));
  if (absl::Status status = member->Meet(timeout); !status.ok()) return status;
  return member;
}

}  // namespace pumasi
