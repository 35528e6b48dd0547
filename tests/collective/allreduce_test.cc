#include "worker/collective/allreduce.h"

#include <algorithm>
#include <barrier>
#include <catch2/catch.hpp>
#include <cstring>
#include <numeric>

#include "tests/collective/members.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong = std::chrono::minutes(1);

// Shares that divide the parts at random places, in a random order, some of them empty; chunks owned by anybody.
Group RandomGroup(std::mt19937_64& random) {
  const auto members = static_cast<uint32_t>(1 + random() % 5);
  const auto parts = static_cast<uint32_t>(1 + random() % 9);
  Group group = EvenGroup(members, parts);
  std::vector<uint32_t> edges{0, parts};
  while (edges.size() <= members) edges.push_back(static_cast<uint32_t>(random() % (parts + 1)));
  std::sort(edges.begin(), edges.end());
  for (uint32_t i = 0; i < members; ++i) group.shares[i] = {edges[i], edges[i + 1]};
  std::shuffle(group.shares.begin(), group.shares.end(), random);
  group.owners.resize(1 + random() % 7);
  for (uint32_t& owner : group.owners) owner = static_cast<uint32_t>(random() % members);
  return group;
}

// One member's calls, one for each batch; the first that fails.
absl::Status SumAll(const Group& group, uint32_t self, const std::vector<PartValues>& batches, Allreduce& allreduce) {
  for (const PartValues& values : batches) {
    std::vector<std::vector<float>> arrays;
    for (const PartRange node : NodesOf(group.shares[self], group.parts)) arrays.push_back(values.TreeSums(node));
    std::vector<const float*> nodes;
    for (const auto& array : arrays) nodes.push_back(array.data());
    std::vector<float> place(values.floats);
    // Half of the times in the place of what goes in.
    std::vector<float>& sum = values.seed % 2 == 0 && !arrays.empty() ? arrays.back() : place;
    absl::Status status = allreduce.Sum(nodes, values.floats, sum.data(), kLong);
    if (!status.ok()) return status;
    const std::vector<float> due = values.TreeSums({0, group.parts});
    if (std::memcmp(sum.data(), due.data(), due.size() * sizeof(float)) != 0) {
      return absl::DataLossError("not the tree's sums");
    }
  }
  return absl::OkStatus();
}

TEST_CASE("Every member has the tree's sums, whoever the members are and whatever they own") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    const Meeting meeting(RandomGroup(random), static_cast<Transport>(seed % 3));
    std::vector<PartValues> batches;
    for (int i = 0; i < 4; ++i) {
      const size_t floats = 1 + random() % (random() % 8 == 0 ? 400000 : random() % 2 ? 40 : 3000);
      batches.push_back({random(), floats, meeting.group.parts});
    }
    std::vector<absl::Status> outcomes(meeting.group.size());
    InThreads(AllOf(meeting.group), [&](uint32_t self) {
      auto allreduce = meeting.Join(self);
      outcomes[self] = allreduce.ok() ? SumAll(meeting.group, self, batches, **allreduce) : allreduce.status();
    });
    for (const absl::Status& outcome : outcomes) {
      INFO("seed " << seed << ", " << NameOf(meeting.transport) << ": " << outcome);
      CHECK(outcome.ok());
    }
  }
}

TEST_CASE("The same parts have the same sums with 1 to 6 members") {
  const PartValues values{3, 70000, 6};
  for (uint32_t members = 1; members <= 6; ++members) {
    const Meeting meeting(EvenGroup(members, values.parts), Transport::kShared);
    std::vector<absl::Status> outcomes(members);
    InThreads(AllOf(meeting.group), [&](uint32_t self) {
      auto allreduce = meeting.Join(self);
      outcomes[self] = allreduce.ok() ? SumAll(meeting.group, self, {values}, **allreduce) : allreduce.status();
    });
    for (const absl::Status& outcome : outcomes) CHECK(outcome == absl::OkStatus());
  }
}

TEST_CASE("What a member sends is what the plan of transfers says") {
  for (const Transport transport : {Transport::kShared, Transport::kTcp}) {
    const Meeting meeting(EvenGroup(3, 7), transport);
    const PartValues values{5, 3 * 16 * 1000, 7};
    const auto due = FloatsSent(meeting.group, std::vector<uint64_t>(3, values.floats / 3));
    std::vector<uint64_t> sent(3);
    InThreads(AllOf(meeting.group), [&](uint32_t self) {
      auto allreduce = meeting.Join(self);
      if (!allreduce.ok() || !SumAll(meeting.group, self, {values}, **allreduce).ok()) return;
      sent[self] = (*allreduce)->bytes_sent();
    });
    for (uint32_t self = 0; self < 3; ++self) CHECK(sent[self] == due[self] * sizeof(float));
  }
}

// Each member sums `floats` of its own size once; what came of it.
std::vector<absl::Status> SumOnce(const Meeting& meeting, const std::vector<size_t>& floats, milliseconds timeout,
                                  const std::vector<uint32_t>& absent = {}) {
  std::vector<absl::Status> outcomes(meeting.group.size());
  std::vector<std::unique_ptr<Allreduce>> stay(meeting.group.size());
  std::barrier all_joined(static_cast<ptrdiff_t>(meeting.group.size()));
  InThreads(AllOf(meeting.group), [&](uint32_t self) {
    auto allreduce = meeting.Join(self);
    outcomes[self] = allreduce.status();
    if (!allreduce.ok()) return all_joined.arrive_and_drop();
    stay[self] = *std::move(allreduce);
    all_joined.arrive_and_wait();
    if (std::find(absent.begin(), absent.end(), self) != absent.end()) return;
    std::vector<float> values(floats[self], 1.0f);
    const std::vector<const float*> nodes(NodesOf(meeting.group.shares[self], meeting.group.parts).size(),
                                          values.data());
    outcomes[self] = stay[self]->Sum(nodes, values.size(), values.data(), timeout);
    if (outcomes[self].ok()) return;
    // It stays like that.
    if (stay[self]->Sum(nodes, values.size(), values.data(), kLong) != outcomes[self]) {
      outcomes[self] = absl::InternalError("another error the second time");
    }
    stay[self] = nullptr;
  });
  return outcomes;
}

TEST_CASE("A member that does not take part is named by all others, and by them alone") {
  for (const Transport transport : {Transport::kShared, Transport::kUnix, Transport::kTcp}) {
    CAPTURE(NameOf(transport));
    const Meeting meeting(EvenGroup(4, 4), transport);
    const auto outcomes = SumOnce(meeting, std::vector<size_t>(4, 600000), milliseconds(1500), {2});
    for (const uint32_t self : {0u, 1u, 3u}) {
      const std::string text(outcomes[self].message());
      INFO(self << ": " << outcomes[self]);
      // Whoever is a little later may hear it from another one.
      CHECK((absl::IsDeadlineExceeded(outcomes[self]) || absl::IsUnavailable(outcomes[self])));
      CHECK(text.find("worker-2") == 0);
      CHECK(text.find("epoch 7") != std::string::npos);
    }
  }
}

TEST_CASE("A member that has left is named") {
  for (const Transport transport : {Transport::kShared, Transport::kUnix, Transport::kTcp}) {
    CAPTURE(NameOf(transport));
    const Meeting meeting(EvenGroup(3, 3), transport);
    std::vector<absl::Status> outcomes(3);
    InThreads(AllOf(meeting.group), [&](uint32_t self) {
      auto allreduce = meeting.Join(self);
      outcomes[self] = allreduce.status();
      // Number 1 sums once, and goes.
      for (int i = 0; outcomes[self].ok() && (self != 1 || i < 1); ++i) {
        std::vector<float> values(200000, 1.0f);
        outcomes[self] = (*allreduce)->Sum({values.data()}, values.size(), values.data(), kLong);
      }
    });
    CHECK(outcomes[1].ok());
    for (const uint32_t self : {0u, 2u}) {
      INFO(self << ": " << outcomes[self]);
      CHECK(absl::IsUnavailable(outcomes[self]));
      CHECK(std::string(outcomes[self].message()).find("worker-1 is") == 0);
    }
  }
}

TEST_CASE("Members with arrays of different sizes are told so") {
  for (const Transport transport : {Transport::kShared, Transport::kTcp}) {
    CAPTURE(NameOf(transport));
    const Meeting meeting(EvenGroup(2, 2), transport);
    const auto outcomes = SumOnce(meeting, {100, 101}, kLong);
    CHECK(std::any_of(outcomes.begin(), outcomes.end(), [](const auto& outcome) {
      return absl::IsInvalidArgument(outcome) && outcome.message().find("10") != std::string::npos;
    }));
    for (const absl::Status& outcome : outcomes) CHECK_FALSE(outcome.ok());
  }
}

TEST_CASE("Nothing to sum, or other nodes than those of the share, is refused") {
  const Meeting meeting(EvenGroup(1, 4), Transport::kUnix);
  float value = 1;
  CHECK(absl::IsInvalidArgument((*meeting.Join(0))->Sum({&value}, 0, &value, kLong)));
  CHECK(absl::IsInvalidArgument((*meeting.Join(0))->Sum({&value, &value}, 1, &value, kLong)));
  CHECK((*meeting.Join(0))->Sum({&value}, 1, &value, kLong).ok());
  Group open = meeting.group;
  open.shares.clear();
  std::vector<Descriptor> none;
  none.emplace_back(-1);
  CHECK(absl::IsInvalidArgument(StreamAllreduce(open, 0, std::move(none)).status()));
}

}  // namespace
}  // namespace pumasi
