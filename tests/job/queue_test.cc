#include <catch2/catch.hpp>
#include <thread>

#include "worker/job/bounded_queue.h"

namespace pumasi {
namespace {

TEST_CASE("Closing a queue wakes who waits for it") {
  BoundedQueue<int> full(1), empty(1);
  REQUIRE(full.Push(1));
  bool popped = true, pushed = true;
  std::thread waits_for_item([&] {
    int item;
    popped = empty.Pop(&item);
  });
  std::thread waits_for_room([&] { pushed = full.Push(2); });
  empty.Close();
  full.Close();
  waits_for_item.join();
  waits_for_room.join();
  CHECK_FALSE(popped);
  CHECK_FALSE(pushed);
  empty.Push(1);
  int item;
  CHECK_FALSE(empty.Pop(&item));
}

TEST_CASE("A bounded queue hands everything over in order, between threads") {
  BoundedQueue<int> queue(3);
  std::thread producer([&] {
    for (int i = 0; i < 1000; ++i) queue.Push(int(i));
  });
  for (int i = 0; i < 1000; ++i) {
    int number;
    REQUIRE(queue.Pop(&number));
    REQUIRE(number == i);
  }
  producer.join();
}

}  // namespace
}  // namespace pumasi
