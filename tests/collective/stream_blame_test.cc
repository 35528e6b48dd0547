// Whom a member of a StreamAllreduce names. The other members are the test, which has sent all that they say before the
// call. With a timeout of 0 ms a call looks at each socket twice, and tells the others that it waits in between.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <map>

#include "tests/collective/members.h"
#include "worker/collective/stream_schedule.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;
using Members = std::vector<uint32_t>;

constexpr milliseconds kNone{0};
constexpr milliseconds kLong = std::chrono::minutes(1);

struct Frame {
  FrameHeader header;
  Members members;
};

class Scene {
 public:
  Scene(Group of_group, uint32_t self, size_t floats)
      : group_(std::move(of_group)), self_(self), values_(floats, 1.0f) {
    std::vector<Descriptor> sockets;
    for (uint32_t member = 0; member < group_.size(); ++member) {
      int ends[2] = {-1, -1};
      if (member != self) REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
      sockets.emplace_back(ends[0]);
      if (member != self) theirs_.emplace(member, ends[1]);
    }
    allreduce_ = StreamAllreduce(group_, self, std::move(sockets)).value();
  }

  // Headers of the frames that are due of `from` in a call of one round.
  FrameHeader Node(uint32_t from, uint64_t call = 1) const {
    return Schedule(call).Node(0, ChunksOf(group_, self_), NodesOf(group_.shares[from], group_.parts)).header;
  }
  FrameHeader Sum(uint32_t from, uint64_t call = 1, size_t index = 0) const {
    return Schedule(call).Sum(index, ChunksOf(group_, from)).header;
  }
  static FrameHeader Says(FrameHeader::Kind kind, uint64_t call, size_t count) {
    FrameHeader header;
    header.kind = kind;
    header.call = call;
    header.count = count;
    return header;
  }

  void Send(uint32_t from, const FrameHeader& header) { Send(from, header, Members(header.count)); }
  void Send(uint32_t from, FrameHeader::Kind kind, uint64_t call, const Members& members) {
    Send(from, Says(kind, call, members.size()), members);
  }
  // `values` need not be all.
  void Send(uint32_t from, const FrameHeader& header, const Members& values) {
    std::vector<char> bytes(sizeof header + 4 * values.size());
    std::memcpy(bytes.data(), &header, sizeof header);
    if (!values.empty()) std::memcpy(bytes.data() + sizeof header, values.data(), 4 * values.size());
    REQUIRE(send(theirs_.at(from).get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  void Leave(uint32_t member) { theirs_.erase(member); }

  absl::Status Run(milliseconds timeout) {
    const std::vector<const float*> nodes(NodesOf(group_.shares[self_], group_.parts).size(), values_.data());
    return allreduce_->Sum(nodes, values_.size(), values_.data(), timeout);
  }

  // All that has come to `member`.
  std::vector<Frame> Heard(uint32_t member) {
    std::vector<Frame> frames;
    Frame frame;
    const int socket = theirs_.at(member).get();
    while (recv(socket, &frame.header, sizeof frame.header, MSG_DONTWAIT) == sizeof frame.header) {
      frame.members.resize(frame.header.count);
      const auto size = static_cast<ssize_t>(4 * frame.header.count);
      if (size > 0) REQUIRE(recv(socket, frame.members.data(), static_cast<size_t>(size), MSG_DONTWAIT) == size);
      frames.push_back(frame);
    }
    return frames;
  }

 private:
  StreamSchedule Schedule(uint64_t call) const {
    return {BlockPlan(values_.size(), group_.chunks(), 1000), call, values_.size(), group_.parts};
  }

  const Group group_;
  const uint32_t self_;
  std::vector<float> values_;
  std::map<uint32_t, Descriptor> theirs_;
  std::unique_ptr<Allreduce> allreduce_;
};

// With a chunk for each of `owners`.
Group OwnedBy(uint32_t members, const Members& owners) {
  Group group = EvenGroup(members, members);
  group.owners = owners;
  return group;
}

TEST_CASE("A call ends after its time, also while something comes with every look") {
  Scene scene(OwnedBy(2, {0, 1, 1, 1, 1, 1, 1, 1}), 0, 8 * 16);
  scene.Send(1, scene.Node(1));
  for (size_t i = 0; i < 7; ++i) scene.Send(1, scene.Sum(1, 1, i));
  const auto outcome = scene.Run(kNone);
  INFO(outcome);
  CHECK(absl::IsDeadlineExceeded(outcome));
}

TEST_CASE("A member that says twice in a call that it waits is refused") {
  for (const uint64_t second : {1, 0}) {
    Scene scene(EvenGroup(2, 2), 0, 32);
    scene.Send(1, FrameHeader::kWaits, 1, {0});
    scene.Send(1, FrameHeader::kWaits, second, {0});
    const auto outcome = scene.Run(kLong);
    INFO(outcome);
    CHECK(absl::IsInternal(outcome));
    CHECK(outcome.message().find("worker-1 sent what is not due") == 0);
  }
}

TEST_CASE("Who waits in the call before is not blamed") {
  const bool before = GENERATE(true, false);
  CAPTURE(before);
  Scene scene(EvenGroup(3, 3), 0, 48);
  for (const uint32_t member : {1u, 2u}) scene.Send(member, scene.Node(member));
  if (before) scene.Send(1, FrameHeader::kWaits, 1, {2});
  for (const uint32_t member : {1u, 2u}) scene.Send(member, scene.Sum(member));
  REQUIRE(scene.Run(kLong) == absl::OkStatus());
  if (!before) scene.Send(1, FrameHeader::kWaits, 1, {2});
  const auto outcome = scene.Run(kNone);
  INFO(outcome);
  CHECK(absl::IsDeadlineExceeded(outcome));
  CHECK(outcome.message().find("worker-2 did not") == 0);
}

TEST_CASE("Who has gone on since it said that it waits is blamed") {
  Scene scene(EvenGroup(3, 3), 0, 48);
  scene.Send(1, FrameHeader::kWaits, 1, {2});
  for (const uint32_t member : {1u, 2u}) {
    scene.Send(member, scene.Node(member));
    scene.Send(member, scene.Sum(member));
  }
  REQUIRE(scene.Run(kLong) == absl::OkStatus());
  for (const uint32_t member : {1u, 2u}) scene.Send(member, scene.Node(member, 2));
  const auto outcome = scene.Run(kNone);
  INFO(outcome);
  CHECK(outcome.message().find("worker-1, worker-2 did not") == 0);
}

TEST_CASE("Those that may be in the next call hear for whom a member waits") {
  // The call has ended between members 0 and 1, while 2 sends no sum.
  Scene scene(OwnedBy(3, {0, 2}), 1, 32);
  scene.Send(0, scene.Sum(0));
  CHECK(scene.Run(kNone).message().find("worker-2 did not") == 0);
  const auto heard = scene.Heard(0);
  REQUIRE(heard.size() == 3);
  CHECK(heard[0].header.kind == FrameHeader::kNode);
  CHECK(heard[1].header == Scene::Says(FrameHeader::kWaits, 1, 1));
  CHECK(heard[1].members == Members{2});
  CHECK(heard[2].header == Scene::Says(FrameHeader::kBroken, 1, 1));
  CHECK(heard[2].members == Members{2});
}

TEST_CASE("Who left after its part need not hear that a member waits") {
  Scene scene(OwnedBy(3, {2}), 1, 16);
  scene.Leave(0);
  const auto outcome = scene.Run(kNone);
  INFO(outcome);
  CHECK(outcome.message().find("worker-2 did not") == 0);
}

TEST_CASE("Why a member left is read also behind a frame that can't be taken") {
  Scene scene(EvenGroup(3, 3), 0, 48);
  scene.Send(1, scene.Node(1, 2));
  scene.Send(1, FrameHeader::kWaits, 2, {2});
  scene.Send(1, scene.Sum(1, 2));
  scene.Send(1, FrameHeader::kBroken, 2, {2, 77});
  scene.Leave(1);
  const auto outcome = scene.Run(kLong);
  INFO(outcome);
  CHECK(absl::IsUnavailable(outcome));
  CHECK(outcome.message().find("worker-2 is missing, worker-1 says") == 0);
}

TEST_CASE("A member that was ahead and left without a word is named with whom all wait for") {
  const uint64_t count = GENERATE(as<uint64_t>{}, 16, 17, 1 << 20, uint64_t{1} << 40, ~uint64_t{0});
  const uint32_t kind = GENERATE(as<uint32_t>{}, FrameHeader::kNode, FrameHeader::kWaits, FrameHeader::kBroken, 99);
  CAPTURE(count, kind);
  Scene scene(EvenGroup(3, 3), 0, 48);
  scene.Send(1, scene.Node(1));
  FrameHeader ahead = scene.Node(1, 2);
  ahead.kind = kind;
  ahead.count = count;
  scene.Send(1, ahead, Members(16));
  scene.Leave(1);
  const auto outcome = scene.Run(kLong);
  INFO(outcome);
  CHECK(absl::IsUnavailable(outcome));
  CHECK(outcome.message().find("worker-1 is gone, while worker-2 is due") == 0);
  const auto heard = scene.Heard(2);
  REQUIRE(!heard.empty());
  CHECK(heard.back().header == Scene::Says(FrameHeader::kBroken, 1, 2));
  CHECK(heard.back().members == Members{1, 2});
}

TEST_CASE("A member that left while all wait for it is named alone") {
  const bool ahead = GENERATE(true, false);
  Scene scene(EvenGroup(3, 3), 0, 48);
  if (ahead) scene.Send(1, scene.Node(1, 2));
  scene.Leave(1);
  const auto outcome = scene.Run(kLong);
  INFO(outcome);
  CHECK(outcome.message().find("worker-1 is gone, in epoch 7") == 0);
}

}  // namespace
}  // namespace pumasi
