// One process of tools/bench/allreduce, which starts as many as there are members and talks to each over its standard
// input and output, a line at a time:
//
//   it: "listens" ADDRESS... (one for each of our transports)
//   we: SECRET FOLDER ADDRESS... (for each transport those of all members; FOLDER: empty, for Gloo)
//   it: "ready"
//   we: "run" KIND FLOATS ITERATIONS   it: "seconds" of one allreduce, and processor seconds of it here
//   we: "check" KIND FLOATS            it: "differ" SUMS LARGEST: how many sums have other bits than the tree's, and
//   the
//                                      largest relative difference
//
// The end of its input is its end.
#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "tools/bench/child_process.h"
#include "tools/bench/gloo_group.h"
#include "worker/collective/allreduce.h"
#include "worker/collective/group.h"
#include "worker/collective/mesh.h"

namespace pumasi {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTimeout{60000};
constexpr size_t kTransports = 3;  // shared, unix, tcp

// What a rank has at first, of many magnitudes. Sums of sums stay finite for 40 iterations of four ranks.
float ValueOf(uint32_t rank, size_t i) {
  uint64_t x = (rank + 1) * 0x9e3779b97f4a7c15 + i * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 31)) * 0x94d049bb133111eb;
  x ^= x >> 29;
  return std::ldexp(static_cast<float>(static_cast<int32_t>(x)), static_cast<int>(x >> 32) % 12 - 31);
}

// By the tree's definition: the lower half of a node has a power of two of its parts.
float TreeSum(uint32_t first, uint32_t end, size_t i) {
  if (end - first == 1) return ValueOf(first, i);
  const uint32_t middle = first + std::bit_ceil(end - first) / 2;
  return TreeSum(first, middle, i) + TreeSum(middle, end, i);
}

class Rank {
 public:
  Rank(uint32_t rank, uint32_t size) : rank_(rank) {
    group_.parts = size;
    group_.shares = EvenShares(size, size);
    for (uint32_t i = 0; i < size; ++i) {
      group_.members.push_back("rank " + std::to_string(i));
      group_.owners.push_back(i);
    }
  }

  absl::Status Meet() {
    std::vector<MeshListener> listeners;
    std::cout << "listens";
    for (size_t i = 0; i < kTransports; ++i) {
      auto listener = i == 2 ? ListenTcp("127.0.0.1") : ListenUnix();
      if (!listener.ok()) return listener.status();
      std::cout << " " << listener->address;
      listeners.push_back(*std::move(listener));
    }
    std::cout << std::endl;
    std::string secret, folder;
    std::cin >> secret >> folder;
    for (size_t i = 0; i < kTransports; ++i) {
      std::vector<std::string> addresses(group_.size());
      for (std::string& address : addresses) std::cin >> address;
      if (!std::cin) return absl::CancelledError("no addresses came");
      auto sockets = ConnectMesh(group_, rank_, listeners[i], addresses, secret, kTimeout);
      if (!sockets.ok()) return sockets.status();
      auto member = i == 0 ? SharedAllreduce(group_, rank_, *std::move(sockets), kTimeout)
                           : StreamAllreduce(group_, rank_, *std::move(sockets));
      if (!member.ok()) return member.status();
      ours_.push_back(*std::move(member));
    }
    auto gloo = GlooGroup::Join(folder, static_cast<int>(rank_), static_cast<int>(group_.size()));
    if (!gloo.ok()) return gloo.status();
    gloo_ = *std::move(gloo);
    std::cout << "ready" << std::endl;
    return absl::OkStatus();
  }

  absl::Status Serve() {
    std::string command, kind;
    size_t floats = 0;
    while (std::cin >> command >> kind >> floats) {
      values_.resize(floats);
      for (size_t i = 0; i < floats; ++i) values_[i] = ValueOf(rank_, i);
      absl::Status status;
      if (command == "check") {
        status = Sum(kind);
        if (status.ok()) TellDifference();
      } else {
        int iterations = 0;
        std::cin >> iterations;
        status = Measure(kind, iterations);
      }
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Sum(const std::string& kind) {
    const std::string names[] = {"shared", "unix", "tcp"};
    for (size_t i = 0; i < kTransports; ++i) {
      if (kind == names[i]) return ours_[i]->Sum({values_.data()}, values_.size(), values_.data(), kTimeout);
    }
    if (kind == "gloo_ring") return gloo_->Sum(GlooGroup::Algorithm::kRing, values_.data(), values_.size());
    if (kind == "gloo_bcube") return gloo_->Sum(GlooGroup::Algorithm::kBcube, values_.data(), values_.size());
    return absl::InvalidArgumentError("no such kind: " + kind);
  }

  // The first one is not counted: all begin together after it.
  absl::Status Measure(const std::string& kind, int iterations) {
    absl::Status status = Sum(kind);
    const double processor = ProcessorSeconds();
    const auto begin = Clock::now();
    for (int i = 0; i < iterations && status.ok(); ++i) status = Sum(kind);
    const std::chrono::duration<double> taken = Clock::now() - begin;
    if (!status.ok()) return status;
    std::cout << "seconds " << taken.count() / iterations << " " << (ProcessorSeconds() - processor) / iterations
              << std::endl;
    return status;
  }

  void TellDifference() const {
    size_t differ = 0;
    double largest = 0;
    for (size_t i = 0; i < values_.size(); ++i) {
      const float due = TreeSum(0, group_.size(), i);
      if (std::bit_cast<uint32_t>(due) == std::bit_cast<uint32_t>(values_[i])) continue;
      ++differ;
      largest = std::max(largest, std::fabs((static_cast<double>(values_[i]) - due) / due));
    }
    std::cout << "differ " << differ << " " << largest << std::endl;
  }

  const uint32_t rank_;
  Group group_;
  std::vector<std::unique_ptr<Allreduce>> ours_;
  std::unique_ptr<GlooGroup> gloo_;
  std::vector<float> values_;
};

int Main(int argc, char** argv) {
  uint32_t rank = 0, size = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[1], &rank) || !absl::SimpleAtoi(argv[2], &size) || rank >= size) {
    std::cerr << "usage: allreduce_rank RANK SIZE; tools/bench/allreduce starts it\n";
    return 2;
  }
  Rank member(rank, size);
  absl::Status status = member.Meet();
  if (status.ok()) status = member.Serve();
  if (status.ok()) return 0;
  std::cerr << "rank " << rank << ": " << status << "\n";
  return 1;
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
