#include "common/rpc/parking.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace pumasi {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

Parking::TimePoint In(std::chrono::nanoseconds time) { return std::chrono::steady_clock::now() + time; }

// A call that waits until it is told that it may be answered, and writes down its attempts.
struct Call {
  std::atomic<bool> answerable{false};
  std::mutex mutex;
  std::vector<bool> attempts;  // GUARDED_BY(mutex): `last` of each
  std::promise<void> first, answered;

  Parking::Attempt Attempt() {
    return [this](bool last) {
      std::lock_guard lock(mutex);
      attempts.push_back(last);
      if (attempts.size() == 1) first.set_value();
      if (answerable || last) answered.set_value();
      return answerable || last;
    };
  }
  size_t Attempts() {
    std::lock_guard lock(mutex);
    return attempts.size();
  }
  bool Last() {
    std::lock_guard lock(mutex);
    return attempts.back();
  }
};

bool Comes(std::promise<void>& promise) {
  return promise.get_future().wait_for(seconds(20)) == std::future_status::ready;
}

TEST_CASE("Where as many calls wait as may, a further one is answered with what there is") {
  Call first, second, late;
  Parking parking(2);
  parking.Park(In(hours(1)), first.Attempt());
  parking.Park(In(hours(1)), second.Attempt());
  parking.Park(In(hours(1)), late.Attempt());
  REQUIRE(Comes(late.answered));
  CHECK(late.Attempts() == 1);
  CHECK(late.Last());
  Call refused;
  CHECK_FALSE(parking.TryPark(In(hours(1)), refused.Attempt()));
  CHECK(refused.Attempts() == 0);
  REQUIRE(Comes(first.first));
  first.answerable = true;
  parking.Retry();
  REQUIRE(Comes(first.answered));
  // Its place is free once the round that answered it is over.
  std::deque<Call> more;
  do {
    more.emplace_back();
    more.back().answerable = true;
    parking.Park(In(hours(1)), more.back().Attempt());
    REQUIRE(Comes(more.back().answered));
  } while (more.back().Last());
}

TEST_CASE("A call that can be answered is answered at the first attempt, and then forgotten") {
  Call call;
  call.answerable = true;
  Parking parking;
  parking.Park(In(hours(1)), call.Attempt());
  REQUIRE(Comes(call.answered));
  parking.Retry();
  parking.Close();
  CHECK(call.Attempts() == 1);
  CHECK_FALSE(call.Last());
}

TEST_CASE("A call that waits is attempted again when the state changed") {
  Call call, other;
  Parking parking;
  parking.Park(In(hours(1)), call.Attempt());
  parking.Park(In(hours(1)), other.Attempt());
  REQUIRE(Comes(call.first));
  REQUIRE(Comes(other.first));
  call.answerable = true;
  parking.Retry();
  REQUIRE(Comes(call.answered));
  CHECK_FALSE(call.Last());
  other.answerable = true;
  parking.Retry();
  REQUIRE(Comes(other.answered));
}

TEST_CASE("A call is answered at its deadline, whatever the state; one with more time waits on") {
  Call soon, late;
  Parking parking;
  parking.Park(In(hours(1)), late.Attempt());
  parking.Park(In(milliseconds(20)), soon.Attempt());
  REQUIRE(Comes(soon.answered));
  CHECK(soon.Last());
  REQUIRE(Comes(late.first));
  CHECK_FALSE(late.Last());
}

TEST_CASE("A deadline that has passed already is met at once") {
  Call call;
  Parking parking;
  parking.Park(In(seconds(-1)), call.Attempt());
  REQUIRE(Comes(call.answered));
  CHECK(call.Attempts() == 1);
  CHECK(call.Last());
}

TEST_CASE("Closing gives every waiting call its last attempt, and later calls get theirs at once") {
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(std::make_unique<Call>());
  Call later;
  {
    Parking parking;
    for (auto& call : calls) parking.Park(In(hours(1)), call->Attempt());
    parking.Close();
    parking.Park(In(hours(1)), later.Attempt());
    CHECK(later.Attempts() == 1);
    CHECK(later.Last());
  }
  for (auto& call : calls) {
    REQUIRE(Comes(call->answered));
    CHECK(call->Last());
  }
}

TEST_CASE("Calls from many threads are each answered once, while others close the parking") {
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  {
    Parking parking;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          parking.Park(In(hours(1)), [&answered](bool last) {
            answered += last;
            return last;
          });
          parking.Retry();
          if (i == 100) parking.Close();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(answered == 800);
}

TEST_CASE("A call is answered a little before its caller stops listening, and not later than was said") {
  using System = std::chrono::system_clock;
  const auto left = [](System::time_point deadline, milliseconds longest) {
    const Parking::TimePoint by = AnswerBy(deadline, longest);
    return by - std::chrono::steady_clock::now();
  };
  CHECK(left(System::now() + seconds(10), hours(1)) < seconds(10));
  CHECK(left(System::now() + seconds(10), hours(1)) > seconds(5));
  CHECK(left(System::now() + seconds(10), seconds(2)) <= seconds(2));
  CHECK(left(System::time_point::max(), seconds(2)) <= seconds(2));
  CHECK(left(System::now() - seconds(10), hours(1)) <= seconds(0));
}

}  // namespace
}  // namespace pumasi
