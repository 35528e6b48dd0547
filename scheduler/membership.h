// Who belongs to the cluster: leases, incarnations, and when a node counts as dead. A pure state machine: time is an
// argument.
#ifndef PUMASI_SCHEDULER_MEMBERSHIP_H_
#define PUMASI_SCHEDULER_MEMBERSHIP_H_

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// "server s1", "worker w1": for messages.
std::string NodeInWords(const v1::Node& node);

// A node is alive from Register until its lease ends, its connection has been broken for the grace time, or it leaves.
// An incarnation that died never comes back: the process has to register under a new one.
//
// Where all nodes fall silent at once it is the scheduler that is cut off: nodes go on without it, so none is declared
// dead of silence until one is heard again (the others then have a whole lease to be), or cut_off_leases have passed.
// Not thread-safe.
class Membership {
 public:
  struct Options {
    absl::Duration lease;
    absl::Duration crash_grace;
    // Dead nodes are remembered for lists and messages, the latest so many.
    size_t remember_dead = 100;
    // The incarnations alone, to refuse them.
    size_t remember_incarnations = 4096;
    int cut_off_leases = 10;
  };
  struct Member {
    v1::Node node;
    absl::Duration last_seen;
    absl::Duration dies_at;
    bool broken = false;    // its connection, since the last sign of life
    std::string host = {};  // where it called from when it registered; of one that was restored: unknown
  };
  struct Death {
    v1::Node node;
    std::string reason;  // "silent for 3.0 s", "its connection broke", "left"
    absl::Duration at;
    bool left = false;  // on purpose
  };

  explicit Membership(const Options& options) : options_(options) {}

  // The same incarnation again is harmless. STALE_INCARNATION: it was dead before. AlreadyExists: a living node has
  // that name, or that address; if its connection is broken, it is dead now, since its process was started again.
  // InvalidArgument: no name or incarnation. `host`: where the node calls from; nodes of several hosts may have the
  // same loopback address, as workers that nobody dials.
  absl::Status Register(const v1::Node& node, absl::Duration now, const std::string& host = "");
  // A sign of life. STALE_INCARNATION: it was declared dead. UNKNOWN_INCARNATION: nobody here knows it; it may
  // register.
  absl::Status Renew(uint64_t incarnation, absl::Duration now);
  // The node's waiting call broke off.
  void Disconnected(uint64_t incarnation, absl::Duration now);
  void Leave(uint64_t incarnation, absl::Duration now);

  // The nodes of this name shall get no more work. Returns whether that is new.
  bool SetDraining(const std::string& name, bool draining);
  bool draining(const v1::Node& node) const { return draining_.count(node.name()) > 0; }
  const std::set<std::string>& draining() const { return draining_; }

  // Members, dead (latest last) and draining of another Membership. Leases begin now, and nobody is declared dead
  // before one has passed.
  void Restore(const std::vector<v1::Node>& alive, std::vector<Death> dead, std::deque<uint64_t> buried,
               std::set<std::string> draining, absl::Duration now);

  // Nodes that died up to `now` since the last call, in the order of their incarnations.
  std::vector<Death> TakeDeaths(absl::Duration now);
  // When the next node would die without a sign of life.
  std::optional<absl::Duration> NextDeath() const;

  const Member* Find(uint64_t incarnation) const;
  // Alive nodes of a role by name.
  std::vector<v1::Node> Alive(v1::Role role) const;
  const std::map<uint64_t, Member>& alive() const { return alive_; }
  // Latest last.
  const std::vector<Death>& dead() const { return dead_; }
  // Their incarnations, of many more.
  const std::deque<uint64_t>& buried() const { return buried_; }
  bool Buried(uint64_t incarnation) const;
  const Options& options() const { return options_; }

 private:
  // Who dials the one gets the other.
  static bool OneAddress(const Member& member, const v1::Node& node, const std::string& host);
  void Bury(std::map<uint64_t, Member>::iterator member, const std::string& reason, absl::Duration now);
  // When it dies without a sign of life of anybody.
  absl::Duration DeathOf(const Member& member) const;
  // There is a sign of life of somebody.
  void Heard(absl::Duration now);

  const Options options_;
  std::map<uint64_t, Member> alive_;  // by incarnation
  std::vector<Death> dead_;
  std::deque<uint64_t> buried_;
  std::vector<Death> fresh_deaths_;
  std::set<std::string> draining_;
  absl::Duration no_death_before_ = -absl::InfiniteDuration();
  absl::Duration heard_ = -absl::InfiniteDuration();  // the latest sign of life of anybody
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_MEMBERSHIP_H_
