// Members of a group in one thread: a heap of events by (time, number), a network that delays, reorders and repeats
// messages, and members that compute, die, or fall silent.
#ifndef PUMASI_TESTS_COLLECTIVE_COLLECTIVE_NETWORK_H_
#define PUMASI_TESTS_COLLECTIVE_COLLECTIVE_NETWORK_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/collective/chunked_work.h"
#include "worker/collective/collective.h"

namespace pumasi {

class CollectiveNetwork {
 public:
  struct Options {
    uint64_t seed = 0;
    Group group;
    // By member: the nodes that it computes; empty: those of its share.
    std::vector<std::vector<PartRange>> nodes;
    // So many nodes of each batch, any ones, are also computed by anybody: as backup workers do.
    uint32_t again = 0;
    uint64_t batches = 1;
    absl::Duration compute = absl::Milliseconds(20);  // of a part, at most
    absl::Duration delay = absl::Milliseconds(5);     // of a message, at most
    double late = 0, twice = 0;                       // shares of messages: late ones take ten times as long
    absl::Duration patience = absl::Seconds(1);
    absl::Duration patience_computing = absl::Seconds(20);
  };
  struct Member {
    std::unique_ptr<Collective> collective;
    bool dead = false;
    std::map<std::pair<uint64_t, uint32_t>, Gradient> sums;  // that it took, by version and chunk
    uint64_t applied = 0;                                    // batches
    uint64_t all_have = 0;                                   // batches that all have, as it knows
    std::optional<GroupBroken> broken;
    std::vector<std::string> wrong;  // what must not happen
  };

  explicit CollectiveNetwork(const Options& options)
      : options_(options),
        work_(options.seed, options.group.parts, options.group.chunks()),
        random_(options.seed),
        members_(options.group.size()) {
    for (uint32_t self = 0; self < members_.size(); ++self) {
      Collective::Options its;
      its.shape = work_.Shape(options.group, self);
      its.patience = options.patience;
      its.patience_computing = options.patience_computing;
      members_[self].collective = *Collective::Create(std::move(its), now_);
      At(now_, [this, self] { Compute(self, 0); });
    }
  }

  void At(absl::Duration time, std::function<void()> run) {
    events_.emplace(std::pair(time, ++number_), std::move(run));
  }
  // The member's process ends; what it sent in the last moments may never arrive. `noticed`: after how long the others
  // hear of it; nothing: never.
  void Kill(uint32_t member, std::optional<absl::Duration> noticed) {
    members_[member].dead = true;
    lost_from_ = member;
    lost_since_ = now_ - options_.delay;
    if (!noticed) return;
    At(now_ + *noticed, [this, member] {
      for (uint32_t other = 0; other < members_.size(); ++other) {
        if (members_[other].dead) continue;
        members_[other].collective->Lost(member, "its connection broke");
        DoEffects(other);
      }
    });
  }
  // Until nothing happens any more. False: it goes on and on.
  bool Run() {
    for (int steps = 0; !events_.empty(); ++steps) {
      if (steps > 2000000) return false;
      auto event = events_.extract(events_.begin());
      now_ = event.key().first;
      event.mapped()();
    }
    return true;
  }

  absl::Duration now() const { return now_; }
  const ChunkedWork& work() const { return work_; }
  std::vector<Member>& members() { return members_; }
  std::mt19937_64& random() { return random_; }
  // Messages with values, of each kind.
  uint64_t nodes_sent() const { return nodes_sent_; }
  uint64_t sums_sent() const { return sums_sent_; }

 private:
  absl::Duration UpTo(absl::Duration most) { return most * (static_cast<double>(random_() % 100000) / 100000); }

  void Compute(uint32_t self, uint64_t version) {
    if (version >= options_.batches) return;
    const uint32_t parts = options_.group.parts;
    std::vector<PartRange> nodes =
        options_.nodes.empty() ? NodesOf(options_.group.shares[self], parts) : options_.nodes[self];
    const size_t own = nodes.size();
    for (uint32_t i = 0; i < options_.again; ++i) {
      const auto first = static_cast<uint32_t>(random_() % parts);
      if (random_() % members_.size() == 0) nodes.push_back(LargestNode(first, parts, 1 + random_() % parts, parts));
    }
    absl::Duration ready = now_;
    for (size_t i = 0; i < nodes.size(); ++i) {
      ready += UpTo(options_.compute * nodes[i].size());
      At(ready, [this, self, version, node = nodes[i], needed = i < own] {
        Member& member = members_[self];
        if (member.dead || member.broken) return;
        // What others have computed meanwhile is not needed any more.
        if (member.collective->version() > version && (!needed || options_.again > 0)) return;
        const absl::Status status = member.collective->Give(version, node, work_.ByChunk(version, node), now_);
        if (!status.ok()) member.wrong.push_back(std::string(status.message()));
        DoEffects(self);
      });
    }
  }

  void DoEffects(uint32_t self) {
    Member& member = members_[self];
    for (CollectiveEffect& effect : member.collective->TakeEffects()) {
      if (member.broken) member.wrong.push_back("something comes after the end of the group");
      std::visit([&](auto& one) { Do(self, one); }, effect);
    }
    const absl::Duration due = member.collective->NextDeadline();
    if (due == absl::InfiniteDuration()) return;
    At(std::max(due, now_), [this, self, due] {
      Member& member = members_[self];
      if (member.dead || member.collective->NextDeadline() > due) return;
      member.collective->Tick(now_);
      DoEffects(self);
    });
  }

  void Do(uint32_t self, SendToMember& send) {
    nodes_sent_ += send.message.kind == CollectiveMessage::Kind::kNode;
    sums_sent_ += send.message.kind == CollectiveMessage::Kind::kSum;
    const int times = static_cast<double>(random_() % 1000) < 1000 * options_.twice ? 2 : 1;
    for (int i = 0; i < times; ++i) {
      const bool late = static_cast<double>(random_() % 1000) < 1000 * options_.late;
      const absl::Duration sent = now_;
      At(now_ + UpTo(options_.delay * (late ? 10 : 1)), [this, self, sent, send] { Deliver(self, sent, send); });
    }
  }
  void Do(uint32_t self, TakeSum& take) {
    Member& member = members_[self];
    if (!member.sums.emplace(std::pair(take.version, take.chunk), *take.sum).second) {
      member.wrong.push_back("a sum comes twice");
    }
    uint64_t there = 0;
    for (uint32_t chunk = 0; chunk < options_.group.chunks(); ++chunk) {
      there += member.sums.count({take.version, chunk});
    }
    if (there < options_.group.chunks()) return;
    At(now_ + UpTo(options_.delay), [this, self, version = take.version] {
      Member& member = members_[self];
      if (member.dead) return;
      if (member.applied != version) member.wrong.push_back("a batch is applied out of turn");
      member.applied = version + 1;
      member.collective->Applied(version, now_);
      DoEffects(self);
    });
  }
  void Do(uint32_t self, AllHave& all) {
    Member& member = members_[self];
    if (member.all_have != all.version) member.wrong.push_back("a batch is complete out of turn");
    for (const Member& other : members_) {
      if (other.applied <= all.version) member.wrong.push_back("somebody has not applied what all are said to have");
    }
    member.all_have = all.version + 1;
    Compute(self, all.version + 1);
  }
  void Do(uint32_t self, GroupBroken& broken) { members_[self].broken = std::move(broken); }

  void Deliver(uint32_t from, absl::Duration sent, const SendToMember& send) {
    Member& member = members_[send.to];
    if (member.dead) return;
    if (lost_from_ == from && sent >= lost_since_ && random_() % 2) return;
    const auto taken = member.collective->Arrived(from, send.message, now_);
    if (!taken.ok()) {
      member.wrong.push_back(std::string(taken.status().message()));
    } else if (*taken == Collective::Taken::kNotYet) {
      At(now_ + options_.delay, [this, from, sent, send] { Deliver(from, sent, send); });
    }
    DoEffects(send.to);
  }

  const Options options_;
  const ChunkedWork work_;
  std::mt19937_64 random_;
  absl::Duration now_ = absl::ZeroDuration();
  uint64_t number_ = 0;
  std::multimap<std::pair<absl::Duration, uint64_t>, std::function<void()>> events_;
  std::vector<Member> members_;
  std::optional<uint32_t> lost_from_;
  absl::Duration lost_since_;
  uint64_t nodes_sent_ = 0, sums_sent_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_COLLECTIVE_COLLECTIVE_NETWORK_H_
