#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "worker/job/bounded_queue.h"
#include "worker/job/unit_queue.h"

namespace pumasi {
namespace {

struct Item {
  v1::Lease lease;
};

Item Of(uint64_t version, uint32_t part, uint64_t token) {
  Item item;
  item.lease.set_version(version);
  item.lease.set_first_part(part);
  item.lease.set_token(token);
  return item;
}

TEST_CASE("Units come out by version, then by part, however they went in") {
  UnitQueue<Item> queue;
  queue.Push(Of(7, 0, 1));
  queue.Push(Of(7, 2, 2));
  queue.Push(Of(5, 3, 4));
  queue.Push(Of(7, 1, 3));
  CHECK(queue.HasBefore(Of(6, 0, 9).lease));
  CHECK_FALSE(queue.HasBefore(Of(5, 9, 9).lease));
  std::vector<uint64_t> tokens;
  for (int i = 0; i < 4; ++i) {
    Item item;
    REQUIRE(queue.Pop(&item));
    tokens.push_back(item.lease.token());
  }
  CHECK(tokens == std::vector<uint64_t>{4, 1, 3, 2});
  CHECK_FALSE(queue.HasBefore(Of(100, 0, 9).lease));
}

TEST_CASE("The same unit under two leases waits twice") {
  UnitQueue<Item> queue;
  queue.Push(Of(7, 0, 1));
  queue.Push(Of(7, 0, 2));
  Item item;
  REQUIRE(queue.Pop(&item));
  CHECK(item.lease.token() == 1);
  REQUIRE(queue.Pop(&item));
  CHECK(item.lease.token() == 2);
}

TEST_CASE("Closing a queue wakes who waits for it") {
  UnitQueue<Item> units;
  BoundedQueue<int> numbers(1);
  REQUIRE(numbers.Push(1));
  bool popped = true, pushed = true;
  std::thread waits_for_unit([&] {
    Item item;
    popped = units.Pop(&item);
  });
  std::thread waits_for_room([&] { pushed = numbers.Push(2); });
  units.Close();
  numbers.Close();
  waits_for_unit.join();
  waits_for_room.join();
  CHECK_FALSE(popped);
  CHECK_FALSE(pushed);
  units.Push(Of(1, 1, 1));
  Item item;
  CHECK_FALSE(units.Pop(&item));
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
