#include "tests/simulation/faults.h"

#include <cmath>
#include <utility>

namespace pumasi::sim {

Faults::Faults(const Surroundings& around, Cluster cluster)
    : around_(around), world_(around.world), cluster_(std::move(cluster)), random_(world_.Stream("faults")) {
  nodes_.push_back(&cluster_.scheduler);
  for (Node* node : Members()) nodes_.push_back(node);
}

std::vector<Node*> Faults::Members() const {
  std::vector<Node*> members(cluster_.servers.begin(), cluster_.servers.end());
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
    if (at >= around_.scenario.fault_phase) return;
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
  if (!restart) return;
  world_.At(world_.now() + Length(restart_within), [&node] { node.Start(); });
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

void Faults::Drain() {
  const std::string name = AnyOf(Members()).name();
  cluster_.client.Drain(name, false);
  if (!random_.Chance(0.7)) return;  // until the healing
  world_.At(world_.now() + Length(10 * kSecond), [this, name] { cluster_.client.Drain(name, true); });
}

void Faults::Join() {
  for (Node* node : Members()) {
    if (node->life() == 0) return node->Start();
  }
}

void Faults::Schedule() {
  const FaultRates& rates = around_.scenario.faults;
  around_.network.SetWeather(rates.weather);
  const std::vector<Node*> servers(cluster_.servers.begin(), cluster_.servers.end());
  const std::vector<Node*> workers(cluster_.workers.begin(), cluster_.workers.end());
  Plan("kill server", rates.kill_server, [this, servers] { Kill(AnyOf(servers), 5 * kSecond, random_.Chance(0.85)); });
  Plan("kill worker", rates.kill_worker, [this, workers] { Kill(AnyOf(workers), 5 * kSecond); });
  Plan("kill scheduler", rates.kill_scheduler, [this] {
    const bool power = random_.Chance(0.3);
    Kill(cluster_.scheduler, 3 * kSecond);
    if (power) cluster_.scheduler.store().LosePower(random_);
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
  Plan("drain", rates.drain, [this] { Drain(); });
  Plan("join", rates.join, [this] { Join(); });
  Plan("wall jump", rates.wall_jump,
       [this] { AnyOf(nodes_).JumpWall(absl::Seconds(random_.Between(-100000, 100000))); });
  Plan("disk", rates.disk, [this] {
    cluster_.disk.set_broken(random_, true);
    world_.At(world_.now() + Length(3 * kSecond), [this] { cluster_.disk.set_broken(random_, false); });
  });
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
  cluster_.disk.set_broken(random_, false);
  for (Node* node : nodes_) {
    node->Thaw();
    node->Start();
  }
  // More than once: a wish to drain may still be on its way, and be repeated by the network.
  for (const Nanos later : {0 * kSecond, 8 * kSecond, 25 * kSecond}) {
    world_.At(world_.now() + later, [this] {
      for (const Node* node : Members()) cluster_.client.Drain(node->name(), true, 20);
    });
  }
}

}  // namespace pumasi::sim
