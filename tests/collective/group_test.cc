#include "worker/collective/group.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "tests/collective/chunked_work.h"

namespace pumasi {
namespace {

TEST_CASE("A range of parts is cut into the fewest nodes") {
  for (uint32_t parts = 1; parts <= 20; ++parts) {
    for (uint32_t first = 0; first <= parts; ++first) {
      for (uint32_t end = first; end <= parts; ++end) {
        CAPTURE(parts, first, end);
        const auto nodes = NodesOf({first, end}, parts);
        uint32_t next = first;
        for (const PartRange node : nodes) {
          REQUIRE(node.first == next);
          REQUIRE(IsNode(node, parts));
          next = node.end;
        }
        REQUIRE(next == end);
        // Two that were one: the parent of one of them would lie in the range, too.
        for (const PartRange node : nodes) {
          if (node == PartRange{0, parts}) continue;
          const PartRange parent = Parent(node, parts);
          REQUIRE_FALSE((parent.first >= first && parent.end <= end));
        }
      }
    }
  }
}

TEST_CASE("Even shares divide the parts, and differ by one at most") {
  for (uint32_t parts = 1; parts <= 12; ++parts) {
    for (uint32_t members = 1; members <= 15; ++members) {
      Group group;
      group.parts = parts;
      group.owners = {0};
      for (uint32_t i = 0; i < members; ++i) group.members.push_back(std::to_string(i));
      group.shares = EvenShares(parts, members);
      REQUIRE(CheckGroup(group).ok());
      const auto [least, most] = std::minmax_element(group.shares.begin(), group.shares.end(),
                                                     [](auto a, auto b) { return a.size() < b.size(); });
      CHECK(most->size() - least->size() <= 1);
    }
  }
}

TEST_CASE("Shares that are nodes, and chunks that are dealt evenly, cost what a ring does") {
  for (const auto& [members, parts] : {std::pair(2u, 4u), {4u, 4u}, {4u, 8u}, {3u, 3u}, {8u, 16u}}) {
    CAPTURE(members, parts);
    Group group;
    group.parts = parts;
    for (uint32_t i = 0; i < members; ++i) group.members.push_back(std::to_string(i)), group.owners.push_back(i);
    group.shares = EvenShares(parts, members);
    const uint64_t chunk = 1000, all = chunk * members;
    for (const uint64_t sent : FloatsSent(group, std::vector<uint64_t>(members, chunk))) {
      CHECK(sent == 2 * (members - 1) * all / members);
    }
  }
}

TEST_CASE("Every part of every chunk goes to its owner once, and the sum to everybody else") {
  std::mt19937_64 random(5);
  for (int trial = 0; trial < 200; ++trial) {
    const Group group = RandomGroup(random, 1 + random() % 5, 1 + random() % 12, 1 + random() % 6);
    REQUIRE(CheckGroup(group).ok());
    const TransferPlan plan = PlanTransfers(group);
    for (uint32_t chunk = 0; chunk < group.chunks(); ++chunk) {
      std::vector<uint32_t> there(group.parts), got(group.size());
      const PartRange own = group.shares[group.owners[chunk]];
      for (uint32_t part = own.first; part < own.end; ++part) ++there[part];
      for (const Transfer& transfer : plan.scatter) {
        if (transfer.chunk != chunk) continue;
        CHECK(transfer.to == group.owners[chunk]);
        for (uint32_t part = transfer.node.first; part < transfer.node.end; ++part) ++there[part];
      }
      for (const Transfer& transfer : plan.gather) got[transfer.to] += transfer.chunk == chunk;
      got[group.owners[chunk]] += 1;
      CHECK(std::count(there.begin(), there.end(), 1u) == group.parts);
      CHECK(std::count(got.begin(), got.end(), 1u) == group.size());
    }
  }
}

TEST_CASE("A group that makes no sense is refused, with what is wrong") {
  const auto refused = [](const std::function<void(Group&)>& spoil) {
    Group group;
    group.members = {"a", "b"};
    group.parts = 4;
    group.owners = {0, 1};
    group.shares = {{2, 4}, {0, 2}};
    REQUIRE(CheckGroup(group).ok());
    spoil(group);
    return std::string(CheckGroup(group).message());
  };
  CHECK(refused([](Group& g) { g.members.clear(); }) ==
        "a group of 0 members, 4 parts and 2 chunks; one of each is needed");
  CHECK(refused([](Group& g) { g.members[1] = "a"; }) == "a is twice in a group");
  CHECK(refused([](Group& g) { g.owners[1] = 2; }) == "chunk 1 of a group belongs to member 2, of 2");
  CHECK(refused([](Group& g) { g.shares.pop_back(); }) == "a group of 2 members has 1 shares");
  CHECK(refused([](Group& g) {
          g.shares[0] = {3, 4};
        }) == "the shares of a group do not divide its parts: one is [3, 4) where part 2 is due");
  CHECK(refused([](Group& g) { g.shares[0] = {2, 3}; }) == "the shares of a group end with part 3 of 4 parts");
}

}  // namespace
}  // namespace pumasi
