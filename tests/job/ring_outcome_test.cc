#include "worker/job/ring_outcome.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace pumasi {
namespace {

struct Said {
  uint64_t version;
  bool known = true, sum = false;
};

v1::MeetGroupResponse Met(const std::vector<Said>& said) {
  v1::MeetGroupResponse met;
  for (const Said& one : said) {
    auto* member = met.add_members();
    member->set_version(one.version);
    member->set_version_known(one.known);
    member->set_has_sum(one.sum);
  }
  return met;
}

TEST_CASE("What one has applied the others apply, what not all have is forgotten") {
  CHECK(OutcomeOf(Met({{0, false}, {0, false}})).version == 0);
  CHECK(OutcomeOf(Met({{5}, {5}, {0, false}})).version == 5);
  // Nobody knows that all had it.
  CHECK(OutcomeOf(Met({{5, true, true}, {5}})).version == 5);
  // All that are left have it: one that is gone may have applied it.
  CHECK(OutcomeOf(Met({{5, true, true}, {5, true, true}, {0, false}})).version == 6);
  CHECK(OutcomeOf(Met({{5, true, true}})).version == 6);
  // One did.
  const RingOutcome behind = OutcomeOf(Met({{5, true, true}, {6}}));
  CHECK(behind.version == 6);
  CHECK_FALSE(behind.somebody_lacks);
  // It can't be: but a copy that lacks a batch never goes on.
  const v1::MeetGroupResponse lacking = Met({{4, true, true}, {5}, {6}});
  CHECK(OutcomeOf(lacking).somebody_lacks);
  CHECK(LacksBatch(lacking.members(0), OutcomeOf(lacking)));
  CHECK(LacksBatch(lacking.members(1), OutcomeOf(lacking)));
  CHECK_FALSE(LacksBatch(lacking.members(2), OutcomeOf(lacking)));
}

// A group in the midst of a batch: members get its sum in any order, and apply it only when all have it; then some die.
TEST_CASE("Whoever dies when, those that are left agree, and nobody lacks what another one applied") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::minstd_rand random(seed);
  for (int round = 0; round < 2000; ++round) {
    const size_t members = 1 + random() % 4;
    std::vector<Said> said(members, Said{7});
    std::vector<bool> knows(members), dead(members);
    for (int step = 0; step < 12; ++step) {
      const size_t one = random() % members;
      if (dead[one]) continue;
      bool all = true;
      for (const Said& other : said) all = all && (other.sum || other.version == 8);
      switch (random() % 4) {
        case 0:
          // A sum needs everybody's gradient, and was under way when somebody died.
          if (said[one].version == 7) said[one].sum = true;
          break;
        case 1:
          knows[one] = knows[one] || all;
          break;
        case 2:
          if (knows[one] && said[one].version == 7) said[one] = {8};
          break;
        default:
          dead[one] = random() % 4 == 0;
      }
    }
    std::vector<Said> left;
    bool applied = false;
    for (size_t one = 0; one < members; ++one) {
      applied = applied || said[one].version == 8;
      if (!dead[one]) left.push_back(said[one]);
    }
    if (left.empty()) continue;
    const RingOutcome outcome = OutcomeOf(Met(left));
    CHECK_FALSE(outcome.somebody_lacks);
    if (applied) CHECK(outcome.version == 8);
    for (const Said& one : left) CHECK((one.version == outcome.version || one.sum || outcome.version == 7));
  }
}

}  // namespace
}  // namespace pumasi
