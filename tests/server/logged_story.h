// What tests of the log of applied gradients share: jobs that keep one, their batches, and what the log holds.
#ifndef PUMASI_TESTS_SERVER_LOGGED_STORY_H_
#define PUMASI_TESTS_SERVER_LOGGED_STORY_H_

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/checkpoint/push_log.h"
#include "tests/server/hosting_story.h"

namespace pumasi {

inline constexpr uint32_t kParts = 4;

inline v1::Job LoggedJob(uint64_t every_batches = 5) {
  v1::Job job = AdamJob(kParts);
  job.set_durability(v1::DURABILITY_BATCH);
  job.mutable_checkpoint()->set_every_batches(every_batches);
  return job;
}

inline std::vector<Gradient> PartsOf(uint64_t version) {
  std::mt19937_64 random(version + 1000);
  std::vector<Gradient> gradients;
  for (uint32_t part = 0; part < kParts; ++part) gradients.push_back(RandomGradient(random));
  return gradients;
}

inline void Train(HostingStory& story, uint64_t version) {
  story.PushAll(version, {0, kParts}, SumOf(PartsOf(version), {0, kParts}));
}

inline AllValues Undisturbed(uint64_t version) {
  ShardGroup group(AdamJob(kParts), 1);
  for (uint64_t v = 0; v < version; ++v) group.Push(v, {0, kParts}, SumOf(PartsOf(v), {0, kParts}));
  return group.PullAll(version);
}

inline std::unique_ptr<PushLog> OpenLog(HostingStory& story) {
  auto log = PushLog::Open(story.disk(), story.assignment().push_log());
  REQUIRE(log.ok());
  return *std::move(log);
}

// The first version that a slot lacks a record of.
inline uint64_t EndOfLog(HostingStory& story, uint64_t from = 0) {
  const auto log = OpenLog(story);
  uint64_t end = log->EndOf(0, from);
  for (int slot = 1; slot < story.layout().slot_owner_size(); ++slot) end = std::min(end, log->EndOf(slot, from));
  return end;
}

// A new generation at `version`.
inline void GoBack(HostingStory& story, uint64_t version, const std::string& owners, const std::string& backups = "") {
  story.assignment().mutable_layout()->set_generation(story.layout().generation() + 1);
  story.assignment().mutable_start()->set_version(version);
  story.assignment().set_state(v1::ALLOCATING);
  story.Relayout(owners, backups);
  story.assignment().set_state(v1::TRAINING);
  story.AssignAll();
}

inline std::vector<std::string> LogFiles(HostingStory& story) {
  auto names = story.disk().List(story.assignment().push_log());
  REQUIRE(names.ok());
  return *names;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_SERVER_LOGGED_STORY_H_
