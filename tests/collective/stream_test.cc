#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "tests/collective/members.h"
#include "worker/collective/stream_peer.h"
#include "worker/collective/stream_schedule.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;

TEST_CASE("The frames of a call are each value once, to its owner and from it") {
  const Group group = EvenGroup(3, 8);
  const StreamSchedule schedule(BlockPlan(1000, 3, 100), 4, 1000, 8);
  const size_t rounds = schedule.plan().rounds();
  const std::vector<uint32_t> chunks{0, 2};
  const auto nodes = NodesOf(group.shares[1], 8);
  REQUIRE(nodes.size() == 2);
  std::vector<int> times(1000), sums(1000);
  for (size_t i = 0; i < StreamSchedule::NodeFrames(rounds, chunks, nodes); ++i) {
    const auto due = schedule.Node(i, chunks, nodes);
    CHECK(due.header.node == nodes[due.node]);
    CHECK(due.header.call == 4);
    const Block piece = schedule.plan().Piece(due.round, due.header.chunk);
    CHECK((piece.first == due.header.first && piece.size() == due.header.count));
    for (size_t at = piece.first; at < piece.end; ++at) ++times[at];
  }
  for (size_t i = 0; i < StreamSchedule::SumFrames(rounds, chunks); ++i) {
    const FrameHeader header = schedule.Sum(i, chunks).header;
    CHECK(header.node == PartRange{0, 8});
    for (size_t at = header.first; at < header.first + header.count; ++at) ++sums[at];
  }
  for (size_t round = 0; round < rounds; ++round) {
    for (uint32_t chunk = 0; chunk < 3; ++chunk) {
      const Block piece = schedule.plan().Piece(round, chunk);
      for (size_t at = piece.first; at < piece.end; ++at) {
        REQUIRE(times[at] == (chunk == 1 ? 0 : 2));
        REQUIRE(sums[at] == (chunk == 1 ? 0 : 1));
      }
    }
  }
}

TEST_CASE("Blame goes to whoever says nothing") {
  std::vector<std::unique_ptr<StreamPeer>> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(std::make_unique<StreamPeer>(Descriptor(-1)));
  using Members = std::vector<uint32_t>;
  CHECK(WhoIsSilent({1, 2}, 0, peers) == Members{1, 2});
  peers[1]->waits_for = Members{3};
  CHECK(WhoIsSilent({1}, 0, peers) == Members{3});
  CHECK(WhoIsSilent({1, 2}, 0, peers) == Members{2, 3});
  peers[3]->waits_for = Members{1, 4};
  CHECK(WhoIsSilent({1}, 0, peers) == Members{4});
  // All wait in a circle, or for the one who asks.
  peers[4]->waits_for = Members{0};
  CHECK(WhoIsSilent({1}, 0, peers) == Members{1});
}

TEST_CASE("Whatever a member sends that is not due is refused, and touches nothing") {
  const Group group = EvenGroup(2, 2);
  const StreamSchedule schedule(BlockPlan(100, 2, 1000), 1, 100, 2);
  for (size_t byte = 0; byte < sizeof(FrameHeader); ++byte) {
    for (const int bit : {0, 1, 7}) {
      CAPTURE(byte, bit);
      int ends[2];
      REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
      const Descriptor theirs(ends[1]);
      std::vector<Descriptor> sockets;
      sockets.emplace_back(-1);
      sockets.emplace_back(ends[0]);
      auto allreduce = StreamAllreduce(group, 0, std::move(sockets));
      REQUIRE(allreduce.ok());
      const FrameHeader due = schedule.Node(0, {0}, {{1, 2}}).header;
      std::vector<char> frame(sizeof due + 4 * 300, 1);
      std::memcpy(frame.data(), &due, sizeof due);
      frame[byte] = static_cast<char>(frame[byte] ^ (1 << bit));
      REQUIRE(send(theirs.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size()));
      std::vector<float> values(100, 1.0f);
      // A frame of a later call would be taken then.
      const auto outcome = (*allreduce)->Sum({values.data()}, 100, values.data(), milliseconds(5));
      INFO(outcome);
      CHECK_FALSE(outcome.ok());
      CHECK(outcome.message().find("worker-1") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace pumasi
