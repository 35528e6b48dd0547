#include "worker/job/device_team.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/job/tiny_work.h"

namespace pumasi {
namespace {

DeviceTeam Team(size_t devices) { return DeviceTeam(TinyWork().Models(TinyJob(), devices)); }

// So many threads that wait for one another.
class Meeting {
 public:
  explicit Meeting(size_t count) : missing_(count) {}
  // False: the others did not come within a minute.
  bool Arrive() {
    std::unique_lock lock(mutex_);
    --missing_;
    changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::minutes(1), [this] { return missing_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t missing_;
};

TEST_CASE("Every item is computed once, and each model is used by one thread") {
  for (const size_t devices : {1, 2, 3, 8}) {
    DeviceTeam team = Team(devices);
    std::mutex mutex;
    std::map<const Model*, std::set<std::thread::id>> threads;
    for (const size_t count : {0, 1, 2, 3, 50}) {
      CAPTURE(devices, count);
      std::vector<int> times(count);
      REQUIRE(team.Run(count,
                       [&](Model& model, size_t item) {
                         ++times[item];
                         std::lock_guard lock(mutex);
                         threads[&model].insert(std::this_thread::get_id());
                         return absl::OkStatus();
                       })
                  .ok());
      CHECK(times == std::vector<int>(count, 1));
    }
    CHECK(threads.size() <= devices);
    for (const auto& [model, used_by] : threads) CHECK(used_by.size() == 1);
  }
}

TEST_CASE("One device, and one item on several, need no other thread") {
  for (const auto& [devices, count] : {std::pair(1, 5), {4, 1}}) {
    DeviceTeam team = Team(devices);
    REQUIRE(team.Run(count,
                     [caller = std::this_thread::get_id()](Model&, size_t) {
                       return std::this_thread::get_id() == caller ? absl::OkStatus()
                                                                   : absl::InternalError("elsewhere");
                     })
                .ok());
  }
}

TEST_CASE("Devices compute side by side") {
  for (const size_t devices : {2, 5}) {
    DeviceTeam team = Team(devices);
    for (int repeat = 0; repeat < 20; ++repeat) {
      Meeting meeting(devices);
      REQUIRE(team.Run(devices,
                       [&](Model&, size_t) {
                         return meeting.Arrive() ? absl::OkStatus() : absl::DeadlineExceededError("alone");
                       })
                  .ok());
    }
  }
}

TEST_CASE("The error is the one of the lowest item that fails, and nothing is begun after it") {
  for (const size_t devices : {1, 2, 3, 8}) {
    DeviceTeam team = Team(devices);
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::vector<int> times(40);
      const absl::Status status = team.Run(times.size(), [&](Model&, size_t item) {
        ++times[item];
        return item % 7 == 5 ? absl::InternalError(std::to_string(item)) : absl::OkStatus();
      });
      CAPTURE(devices);
      CHECK(status.message() == "5");
      for (size_t item = 0; item <= 5; ++item) CHECK(times[item] == 1);
      if (devices == 1) CHECK(times[6] == 0);
    }
  }
  // Both fail, and neither before the other has begun.
  DeviceTeam team = Team(2);
  Meeting meeting(2);
  const absl::Status status = team.Run(9, [&](Model&, size_t item) {
    if (item < 2) meeting.Arrive();
    return absl::InternalError(std::to_string(item));
  });
  CHECK(status.message() == "0");
}

TEST_CASE("What is thrown comes out once all have ended, and the team goes on") {
  for (const size_t devices : {1, 2, 3}) {
    DeviceTeam team = Team(devices);
    for (int repeat = 0; repeat < 20; ++repeat) {
      CAPTURE(devices);
      const auto run = [&] {
        return team.Run(6, [](Model&, size_t item) {
          if (item == 1 || item == 2) throw std::runtime_error(std::to_string(item));
          return item > 2 ? absl::InternalError("later") : absl::OkStatus();
        });
      };
      CHECK_THROWS_WITH(run(), "1");
      CHECK(team.Run(6, [](Model&, size_t) { return absl::OkStatus(); }).ok());
    }
  }
}

}  // namespace
}  // namespace pumasi
