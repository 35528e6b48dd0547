// Servers with a memory limit: who waits, what is given up, and what the scheduler hears.
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/server/hosting_story.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

constexpr uint32_t kParts = 8;
// The tensors take 104020 bytes; with Adam's slots, the copy that pulls are given, old values and the
// sum of a batch:
constexpr uint64_t kTensors = 104020, kLeast = 6 * kTensors;
// Eight parts in order make three sums that do not add up yet. The rest is for the small row table.
constexpr uint64_t kTrains = kLeast + 2 * kTensors + 60000;

v1::Job LimitedJob(uint64_t checkpoint_every = 0) {
  v1::Job job = AdamJob(kParts);
  job.set_stall_timeout(60);
  job.mutable_checkpoint()->set_every_batches(checkpoint_every);
  return job;
}

// With tensors, so that each takes as much as the others.
Gradient PartOf(uint64_t version, uint32_t part) {
  std::mt19937_64 random(version * kParts + part);
  Gradient gradient;
  do {
    gradient = RandomGradient(random);
  } while (gradient.dense[1].empty());
  return gradient;
}

void Train(HostingStory& story, uint64_t version) {
  for (uint32_t part = 0; part < kParts; ++part) story.PushAll(version, {part, part + 1}, PartOf(version, part));
}

absl::Status PushPart(HostingStory& story, uint64_t version, uint32_t part) {
  v1::PushResponse response;
  return story.Push(0, version, {part, part + 1}, PartOf(version, part), &response);
}

// As PartOf, with many other rows, too.
Gradient ManyRows(uint64_t rows) {
  Gradient gradient = PartOf(0, 0);
  gradient.rows[0] = {};
  for (uint64_t id = 0; id < rows; ++id) gradient.rows[0].ids.push_back(id);
  gradient.rows[0].values.resize(rows * SmallTables()[0].columns());
  return gradient;
}

TEST_CASE("Tables that leave no room for a batch are not made, and the job fails with a clear message") {
  HostingStory story(LimitedJob(), 1, "00", "", kLeast - 1);
  const std::string message = story.Last<v1::ReportFailureRequest>(0).message();
  CAPTURE(message);
  CHECK(message.find("memory_limit is 624119") != std::string::npos);
  CHECK(message.find("624120 bytes") != std::string::npos);
  CHECK(message.find("More servers, or a larger memory_limit, are needed") != std::string::npos);
}

TEST_CASE("Parts that come before those they add up with are refused for a while, and the job goes on") {
  HostingStory story(LimitedJob(), 1, "00", "", kTrains);
  Train(story, 0);
  for (const uint32_t part : {0, 2, 4}) REQUIRE(PushPart(story, 1, part).ok());
  const absl::Status status = PushPart(story, 1, 6);
  CHECK(ReasonOf(status) == D::OVER_LIMIT);
  CHECK(absl::IsResourceExhausted(status));
  CHECK(DetailOf(status)->waiting_for() == "gradients of other parts, to be added up");
  for (const uint32_t part : {1, 3, 6, 5, 7}) REQUIRE(PushPart(story, 1, part).ok());
  CHECK(story.server(0).shard()->LeastVersion() == 2);
  CHECK(story.Last<v1::ReportFailureRequest>(0).message().empty());
}

TEST_CASE("Where nothing makes room for half of the stall timeout, the job fails and says why") {
  HostingStory story(LimitedJob(), 1, "00", "", kTrains);
  Train(story, 0);
  for (const uint32_t part : {0, 2, 4}) REQUIRE(PushPart(story, 1, part).ok());
  for (int second = 0; second < 30; ++second) {
    REQUIRE(ReasonOf(PushPart(story, 1, 6)) == D::OVER_LIMIT);
    REQUIRE(story.Last<v1::ReportFailureRequest>(0).message().empty());
    story.Pass(absl::Seconds(1));
  }
  REQUIRE(ReasonOf(PushPart(story, 1, 6)) == D::OVER_LIMIT);
  const std::string message = story.Last<v1::ReportFailureRequest>(0).message();
  CAPTURE(message);
  CHECK(message.find("memory_limit is 892160") != std::string::npos);
}

TEST_CASE("A checkpoint that finds no room is given up with a warning, and training goes on") {
  HostingStory story(LimitedJob(1), 1, "00", "", kTrains);
  story.hold_snapshots = true;
  Train(story, 0);
  REQUIRE(story.held.size() == 1);
  Train(story, 1);
  story.WriteHeld();
  const auto told = story.Last<v1::ReportShardSavedRequest>(0);
  CHECK(told.version() == 1);
  CHECK(told.error().find("leaves no room for a checkpoint beside training") != std::string::npos);
  CHECK(story.Last<v1::ReportFailureRequest>(0).message().empty());
  Train(story, 2);
  CHECK(story.server(0).shard()->LeastVersion() == 3);
}

TEST_CASE("Pushes wait for a checkpoint that takes memory, but not for long") {
  // Room for all tensors as they were.
  HostingStory story(LimitedJob(2), 1, "00", "", kTrains + 3 * kTensors);
  story.hold_snapshots = true;
  for (uint64_t version = 0; version < 3; ++version) Train(story, version);
  for (const uint32_t part : {0, 2, 4}) REQUIRE(PushPart(story, 3, part).ok());
  const absl::Status status = PushPart(story, 3, 6);
  REQUIRE(ReasonOf(status) == D::OVER_LIMIT);
  CHECK(DetailOf(status)->waiting_for() == "a checkpoint to end");
  SECTION("It is written, and they go on") {
    story.WriteHeld();
    CHECK(story.Last<v1::ReportShardSavedRequest>(0).error().empty());
    CHECK(story.Last<v1::ReportShardSavedRequest>(0).version() == 2);
  }
  SECTION("After five seconds it is given up") {
    story.Pass(absl::Seconds(5));
    CHECK(ReasonOf(PushPart(story, 3, 6)) == D::OVER_LIMIT);
    CHECK(story.server(0).shard()->memory()->bytes(MemoryUse::kCheckpoint) == 0);
    REQUIRE(PushPart(story, 3, 6).ok());
    story.WriteHeld();
    CHECK_FALSE(story.Last<v1::ReportShardSavedRequest>(0).error().empty());
  }
  REQUIRE(PushPart(story, 3, 6).ok());  // the second time a duplicate
  for (const uint32_t part : {1, 3, 5, 7}) REQUIRE(PushPart(story, 3, part).ok());
  CHECK(story.server(0).shard()->LeastVersion() == 4);
  CHECK(story.Last<v1::ReportFailureRequest>(0).message().empty());
}

// Of slots "0011", 0 and 1 hold 65536 bytes of tensors, 2 and 3 hold 38484.
constexpr uint64_t kOfServer0 = 65536, kOfSlot2 = 38484;

TEST_CASE("A copy that leaves no room for a batch is not taken, and the scheduler hears of it") {
  HostingStory story(LimitedJob(), 2, "0011", "", 8 * kOfServer0 + 20000);
  Train(story, 0);
  story.Prefetch(0, {2});
  for (int second = 0; second < 6; ++second) story.Pass(absl::Seconds(1));
  const auto told = story.Last<v1::ReportFilledRequest>(0);
  REQUIRE(told.failed_size() == 1);
  CHECK(told.error().find("room for a copy of a slot") != std::string::npos);
  CHECK(story.server(0).shard()->memory()->bytes(MemoryUse::kCopies) == 0);
  Train(story, 1);
}

TEST_CASE("What was copied ahead of time gives way to training") {
  HostingStory story(LimitedJob(), 2, "0011", "", 7 * kOfServer0 + 5 * kOfSlot2 + 35000);
  Train(story, 0);
  const MemoryAccount& memory = *story.server(0).shard()->memory();
  story.Prefetch(0, {2});
  REQUIRE(story.Last<v1::ReportFilledRequest>(0).prefetched_size() == 1);
  REQUIRE(memory.bytes(MemoryUse::kCopies) > 4 * kOfSlot2);
  for (const uint32_t part : {0, 2}) REQUIRE(PushPart(story, 1, part).ok());
  INFO(memory.Describe());
  const absl::Status status = PushPart(story, 1, 4);
  REQUIRE(ReasonOf(status) == D::OVER_LIMIT);
  CHECK(DetailOf(status)->waiting_for() == "copies of slots to end");
  CHECK(memory.bytes(MemoryUse::kCopies) == 0);
  CHECK(PushPart(story, 1, 4).ok());
}

TEST_CASE("A batch that can't ever fit fails the job at once") {
  HostingStory story(LimitedJob(), 1, "00", "", kLeast + 4000);
  v1::PushResponse response;
  const absl::Status status = story.Push(0, 0, {0, 1}, ManyRows(60), &response);
  REQUIRE(ReasonOf(status) == D::OVER_LIMIT);
  CHECK(DetailOf(status)->waiting_for().empty());
  CHECK(story.Last<v1::ReportFailureRequest>(0).message() == status.message());
}

}  // namespace
}  // namespace pumasi
