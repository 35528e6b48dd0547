#include "tests/simulation/faults.h"

#include <cmath>
#include <utility>

namespace pumasi::sim {

Faults::Faults(const Surroundings& around, Cluster cluster)
    : around_(around), world_(around.world), cluster_(std::move(cluster)), random_(world_.Stream("faults")) {
  nodes_.push_back(&cluster_.scheduler);
  for (MemberNode* node : Members()) nodes_.push_back(node);
}

std::vector<MemberNode*> Faults::Members() const {
  std::vector<MemberNode*> members(cluster_.servers.begin(), cluster_.servers.end());
  members.insert(members.end(), cluster_.workers.begin(), cluster_.workers.end());
  return members;
}

// Short ones are as likely as long ones, at each scale.
Nanos Faults::Length(Nanos longest) {
  return static_cast<Nanos>(static_cast<double>(longest) * std::pow(0.01, random_.Unit()));
}

void Faults::Plan(const char* kind, double per_ten_seconds, std::function<void()> happen) {
  if (per_ten_seconds <= 0) return;
  Nanos at = 0;
  while (true) {
    at += static_cast<Nanos>(-std::log(1 - random_.Unit()) * 10 * kSecond / per_ten_seconds);
    if (at >= around_.scenario().fault_phase) return;
    world_.At(at, [this, kind, happen] {
      if (healed_) return;
      ++counts_[kind];
      happen();
    });
  }
}

void Faults::Kill(Node& node, Nanos restart_within, bool restart) {
  if (!node.up()) return;
  node.Kill();
  around_.network.Broke(node);
  if (restart) StartLater(node, restart_within);
}

void Faults::StartLater(Node& node, Nanos within) {
  world_.At(world_.now() + Length(within), [&node] { node.Start(); });
}

void Faults::Partition() {
  const size_t count = nodes_.size();
  std::vector<std::pair<size_t, size_t>> links;
  if (random_.Chance(0.5)) {
    // One node from all others.
    const Node& node = AnyOf(nodes_);
    const bool in = random_.Chance(0.7), out = !in || random_.Chance(0.6);
    for (const Node* other : nodes_) {
      if (in) links.emplace_back(other->number(), node.number());
      if (out) links.emplace_back(node.number(), other->number());
    }
    world_.Trace("cuts off ", node.name(), in ? " in" : "", out ? " out" : "");
  } else {
    // Some links, one way each.
    for (uint64_t i = 1 + random_.Below(count); i > 0; --i) {
      const Node &from = AnyOf(nodes_), &to = AnyOf(nodes_);
      links.emplace_back(from.number(), to.number());
      world_.Trace("cuts ", from.name(), " -> ", to.name());
    }
  }
  for (const auto& [from, to] : links) around_.network.Cut(from, to, true);
  world_.At(world_.now() + Length(6 * kSecond), [this, links] {
    world_.Trace("mends links");
    for (const auto& [from, to] : links) around_.network.Cut(from, to, false);
  });
}

void Faults::Blackout() {
  world_.Trace("blackout");
  for (Node* node : nodes_) Kill(*node, 2 * kSecond);
  cluster_.scheduler.store().LosePower(random_);
  cluster_.disk.lose_power();
}

void Faults::FailDisk(DiskTrouble::Kind kind, Nanos length) {
  cluster_.disk.fail(random_, kind);
  const uint64_t number = ++disk_failures_;
  world_.At(world_.now() + length, [this, number] {
    if (number == disk_failures_) cluster_.disk.mend();
  });
}

void Faults::LoseServers() {
  world_.Trace("loses all servers");
  for (ServerNode* server : cluster_.servers) Kill(*server, kSecond);
  // For so long that they load a checkpoint meanwhile.
  if (random_.Chance(0.4)) FailDisk(DiskTrouble::kReadsBadly, random_.Between(2 * kSecond, 8 * kSecond));
}

// Some copies have a batch, and others wait for a part of it that somebody else has to compute once more, while slots
// get new holders.
void Faults::HalfPush() {
  WorkerNode& worker = AnyOf(cluster_.workers);
  const ServerNode& server = AnyOf(cluster_.servers);
  world_.Trace("cuts ", worker.name(), " off ", server.name());
  around_.network.Cut(worker.number(), server.number(), true);
  world_.At(world_.now() + Length(8 * kSecond), [this, &worker, &server] {
    world_.Trace("mends ", worker.name(), " -> ", server.name());
    around_.network.Cut(worker.number(), server.number(), false);
  });
  // Soon, so that it has not reported by then.
  if (random_.Chance(0.6)) {
    world_.At(world_.now() + random_.Between(0, 200 * kMillisecond), [this, &worker] {
      if (!healed_) Kill(worker, 5 * kSecond);
    });
  }
  for (uint64_t moves = random_.Below(4); moves > 0; --moves) {
    world_.At(world_.now() + random_.Between(0, 2 * kSecond), [this] {
      if (healed_) return;
      ServerNode& other = AnyOf(cluster_.servers);
      if (random_.Chance(0.5)) return Kill(other, 2 * kSecond);
      cluster_.client.Drain(other.name(), false);
      world_.At(world_.now() + Length(5 * kSecond), [this, &other] { cluster_.client.Drain(other.name(), true); });
    });
  }
}

void Faults::StopWhenFinishing() {
  cluster_.scheduler.StopWhenFinishing(random_.Below(30), [this] {
    Kill(cluster_.scheduler, 3 * kSecond);
    if (random_.Chance(0.3)) return cluster_.disk.go_on();
    world_.Trace("the disk loses what was not synced");
    cluster_.scheduler.store().LosePower(random_);
    cluster_.disk.lose_power();
  });
}

void Faults::Leave() {
  MemberNode& node = AnyOf(Members());
  if (!node.up() || node.frozen()) return;
  node.Leave();
  around_.network.Broke(node);
  StartLater(node, 5 * kSecond);
}

void Faults::Drain() {
  const std::string name = AnyOf(Members()).name();
  cluster_.client.Drain(name, false);
  if (!random_.Chance(0.7)) return;  // until the healing
  world_.At(world_.now() + Length(10 * kSecond), [this, name] { cluster_.client.Drain(name, true); });
}

void Faults::Join() {
  for (MemberNode* node : Members()) {
    if (node->life() == 0) return node->Start();
  }
}

void Faults::Schedule() {
  const FaultRates& rates = around_.scenario().faults;
  around_.network.SetWeather(rates.weather);
  const std::vector<Node*> servers(cluster_.servers.begin(), cluster_.servers.end());
  const std::vector<Node*> workers(cluster_.workers.begin(), cluster_.workers.end());
  Plan("kill server", rates.kill_server, [this, servers] { Kill(AnyOf(servers), 5 * kSecond, random_.Chance(0.85)); });
  Plan("kill worker", rates.kill_worker, [this, workers] { Kill(AnyOf(workers), 5 * kSecond); });
  Plan("kill scheduler", rates.kill_scheduler, [this, power = rates.power] {
    Kill(cluster_.scheduler, 3 * kSecond);
    if (!random_.Chance(power)) return;
    world_.Trace("the scheduler's machine loses power");
    cluster_.scheduler.store().LosePower(random_);
  });
  Plan("freeze", rates.freeze, [this] {
    Node& node = AnyOf(nodes_);
    if (!node.up() || node.frozen()) return;
    world_.Trace(node.name(), " stands still");
    node.Freeze();
    world_.At(world_.now() + Length(8 * kSecond), [&node, life = node.life()] {
      if (node.life() == life) node.Thaw();
    });
  });
  Plan("partition", rates.partition, [this] { Partition(); });
  Plan("blackout", rates.blackout, [this] { Blackout(); });
  Plan("lose servers", rates.lose_servers, [this] { LoseServers(); });
  Plan("half push", rates.half_push, [this] { HalfPush(); });
  Plan("stop when finishing", rates.finish, [this] { StopWhenFinishing(); });
  Plan("drain", rates.drain, [this] { Drain(); });
  Plan("leave", rates.leave, [this] { Leave(); });
  Plan("cancel", rates.cancel, [this] { cluster_.client.CancelAny(); });
  Plan("join", rates.join, [this] { Join(); });
  Plan("wall jump", rates.wall_jump,
       [this] { AnyOf(nodes_).JumpWall(absl::Seconds(random_.Between(-100000, 100000))); });
  Plan("disk", rates.disk, [this] { FailDisk(DiskTrouble::kAny, Length(3 * kSecond)); });
  Plan("store", rates.store, [this] {
    cluster_.scheduler.store().SetBroken(true);
    world_.At(world_.now() + Length(3 * kSecond), [this] { cluster_.scheduler.store().SetBroken(false); });
  });
}

void Faults::Heal() {
  world_.Trace("heals");
  healed_ = true;
  around_.network.SetWeather({});
  around_.network.MendAll();
  cluster_.scheduler.store().SetBroken(false);
  cluster_.disk.mend();
  for (Node* node : nodes_) {
    node->Thaw();
    node->Start();
  }
  // More than once: a wish to drain may still be on its way, and be repeated by the network.
  for (const Nanos later : {0 * kSecond, 8 * kSecond, 25 * kSecond}) {
    world_.At(world_.now() + later, [this] {
      for (const MemberNode* node : Members()) cluster_.client.Drain(node->name(), true, 20);
    });
  }
}

}  // namespace pumasi::sim
