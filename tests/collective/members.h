// Members of an allreduce as threads of one process, and what they sum.
#ifndef PUMASI_TESTS_COLLECTIVE_MEMBERS_H_
#define PUMASI_TESTS_COLLECTIVE_MEMBERS_H_

#include <bit>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/local/local_socket.h"
#include "worker/collective/allreduce.h"
#include "worker/collective/mesh.h"

namespace pumasi {

enum class Transport { kShared, kUnix, kTcp };

inline std::string NameOf(Transport transport) {
  return transport == Transport::kShared ? "shared memory" : transport == Transport::kUnix ? "unix" : "tcp";
}

// A batch: `parts` arrays of values of many magnitudes, so that another order of adding shows in the bits.
struct PartValues {
  uint64_t seed = 0;
  size_t floats = 0;
  uint32_t parts = 1;

  float Of(uint32_t part, size_t i) const {
    uint64_t x = seed + part * 0x9e3779b97f4a7c15 + i * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 31)) * 0x94d049bb133111eb;
    x ^= x >> 29;
    return std::ldexp(static_cast<float>(static_cast<int32_t>(x)), static_cast<int>(x >> 32) % 24);
  }
  // By the tree's definition, value by value: the lower half of a node has a power of two of its parts.
  float TreeSum(PartRange node, size_t i) const {
    if (node.size() == 1) return Of(node.first, i);
    const uint32_t middle = node.first + std::bit_ceil(node.size()) / 2;
    return TreeSum({node.first, middle}, i) + TreeSum({middle, node.end}, i);
  }
  std::vector<float> TreeSums(PartRange node) const {
    std::vector<float> sums(floats);
    for (size_t i = 0; i < floats; ++i) sums[i] = TreeSum(node, i);
    return sums;
  }
};

// Members 0, 1, ... named "worker-0", "worker-1", ..., which own a chunk each and have even shares.
inline Group EvenGroup(uint32_t members, uint32_t parts) {
  Group group;
  group.epoch = 7;
  group.parts = parts;
  group.shares = EvenShares(parts, members);
  for (uint32_t i = 0; i < members; ++i) {
    group.members.push_back("worker-" + std::to_string(i));
    group.owners.push_back(i);
  }
  return group;
}

// What members have to know to meet.
struct Meeting {
  Group group;
  Transport transport;
  std::vector<MeshListener> listeners;
  std::vector<std::string> addresses;
  std::string secret = DrawLocalSecret();

  Meeting(Group of_group, Transport of_transport) : group(std::move(of_group)), transport(of_transport) {
    for (uint32_t i = 0; i < group.size(); ++i) {
      listeners.push_back(transport == Transport::kTcp ? ListenTcp("127.0.0.1").value() : ListenUnix().value());
      addresses.push_back(listeners.back().address);
    }
  }

  absl::StatusOr<std::unique_ptr<Allreduce>> Join(uint32_t self,
                                                  std::chrono::milliseconds timeout = std::chrono::minutes(1)) const {
    auto sockets = ConnectMesh(group, self, listeners[self], addresses, secret, timeout);
    if (!sockets.ok()) return sockets.status();
    if (transport == Transport::kShared) return SharedAllreduce(group, self, *std::move(sockets), timeout);
    return StreamAllreduce(group, self, *std::move(sockets));
  }
};

// What each of the members listed does, each in a thread.
inline void InThreads(const std::vector<uint32_t>& members, const std::function<void(uint32_t self)>& what) {
  std::vector<std::thread> threads;
  for (const uint32_t self : members) threads.emplace_back(what, self);
  for (std::thread& thread : threads) thread.join();
}

inline std::vector<uint32_t> AllOf(const Group& group) {
  std::vector<uint32_t> members;
  for (uint32_t i = 0; i < group.size(); ++i) members.push_back(i);
  return members;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_COLLECTIVE_MEMBERS_H_
