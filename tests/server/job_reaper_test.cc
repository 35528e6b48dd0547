#include "server/job_reaper.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>

namespace pumasi {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong{60000};

TEST_CASE("Whoever drops jobs waits for their ends, but not for one that does not come") {
  std::promise<void> disk;
  std::shared_future<void> answers = disk.get_future().share();
  std::atomic<int> ended = 0;
  {
    JobReaper reaper;
    CHECK(reaper.End(
        "quick", [&] { ++ended; }, kLong));
    CHECK(ended == 1);
    CHECK_FALSE(reaper.End(
        "stuck", [&, answers] { answers.wait(), ++ended; }, milliseconds(1)));
    // Behind it: whoever waited for this one would wait for the disk.
    CHECK_FALSE(reaper.End(
        "later", [&] { ++ended; }, kLong));
    CHECK(ended == 1);
    disk.set_value();
  }
  // The reaper's own end waits for what it was given.
  CHECK(ended == 3);
}

}  // namespace
}  // namespace pumasi
