#include "worker/collective/gloo_ring.h"

#include <catch2/catch.hpp>

#include "tests/collective/gloo_members.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

constexpr absl::Duration kLong = absl::Seconds(20);

TEST_CASE("Sums, messages and rows are the same at all members") {
  for (const size_t size : {1, 2, 3, 4}) {
    CAPTURE(size);
    GlooMembers members(size);
    std::vector<std::vector<float>> sums(size);
    std::vector<std::vector<std::string>> messages(size), rows(size);
    members.Run([&](size_t rank, GlooRing& ring) {
      for (const size_t count : {size_t{1}, size_t{1000}, size_t{(1 << 20) + 3}}) {
        std::vector<float> values(count);
        for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>((rank + 1) * (i % 1000));
        if (!ring.Sum(values.data(), count, kLong).ok()) return;
        sums[rank].insert(sums[rank].end(), values.begin(), values.end());
      }
      auto exchanged = ring.Exchange(std::string(8, static_cast<char>('a' + rank)), kLong);
      if (exchanged.ok()) messages[rank] = *exchanged;
      // One has nothing.
      std::vector<size_t> sizes;
      for (size_t other = 0; other < size; ++other) sizes.push_back(other * 3);
      auto gathered = ring.Gather(std::string(sizes[rank], static_cast<char>('A' + rank)), sizes, kLong);
      if (gathered.ok()) rows[rank] = *gathered;
      if (size > 1) CHECK(ring.TakeBytes().sent > 0);
    });
    const float factor = static_cast<float>(size * (size + 1) / 2);
    for (size_t rank = 0; rank < size; ++rank) {
      REQUIRE(sums[rank].size() == 1001 + (1 << 20) + 3);
      CHECK(sums[rank] == sums[0]);
      CHECK(sums[rank][1 + 999] == factor * 999);
      CHECK(sums[rank].back() == factor * (((1 << 20) + 2) % 1000));
      REQUIRE(messages[rank].size() == size);
      REQUIRE(rows[rank].size() == size);
      for (size_t other = 0; other < size; ++other) {
        CHECK(messages[rank][other] == std::string(8, static_cast<char>('a' + other)));
        CHECK(rows[rank][other] == std::string(other * 3, static_cast<char>('A' + other)));
      }
    }
  }
}

TEST_CASE("Whoever does not come is named, and so is whoever is gone") {
  GlooMembers members(3);
  std::vector<absl::Status> waited(3), summed(3);
  members.Run([&](size_t rank, GlooRing& ring) {
    if (rank == 2) return;  // closes its connections
    std::vector<float> values(100000);
    summed[rank] = ring.Sum(values.data(), values.size(), kLong);
  });
  for (const size_t rank : {0, 1}) {
    CHECK(absl::IsUnavailable(summed[rank]));
    CHECK(summed[rank].message().find("127.0.0.1") == std::string::npos);
  }
  CHECK_THAT(std::string(summed[0].message()) + std::string(summed[1].message()), Contains("worker-2"));
  GlooMembers again(2);
  std::mutex mutex;
  std::condition_variable changed;
  bool over = false;
  again.Run([&](size_t rank, GlooRing& ring) {
    if (rank == 0) {
      waited[0] = ring.Exchange("12345678", absl::Milliseconds(50)).status();
      std::lock_guard lock(mutex);
      over = true;
      changed.notify_all();
      return;
    }
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(20), [&] { return over; });
  });
  CHECK(absl::IsDeadlineExceeded(waited[0]));
  CHECK_THAT(std::string(waited[0].message()), Contains("for worker-1, which did not come"));
}

TEST_CASE("What a member waits for can be called off") {
  for (const bool sums : {false, true}) {
    GlooMembers members(2);
    std::mutex mutex;
    std::condition_variable changed;
    GlooRing* waiting = nullptr;
    absl::Status status;
    bool over = false;
    members.Run([&](size_t rank, GlooRing& ring) {
      if (rank == 0) {
        {
          std::lock_guard lock(mutex);
          waiting = &ring;
          changed.notify_all();
        }
        std::vector<float> values(1000);
        status = sums ? ring.Sum(values.data(), values.size(), kLong) : ring.Exchange("1234", kLong).status();
        std::lock_guard lock(mutex);
        over = true;
        changed.notify_all();
        return;
      }
      std::unique_lock lock(mutex);
      changed.wait_for(lock, std::chrono::seconds(20), [&] { return waiting != nullptr; });
      waiting->Abort("it died");
      changed.wait_for(lock, std::chrono::seconds(20), [&] { return over; });
    });
    CHECK(absl::IsAborted(status));
    CHECK(status.message() == "it died");
  }
}

TEST_CASE("A meeting that fails is what connecting fails with") {
  GlooRing::Options options;
  options.host = "127.0.0.1";
  options.members = {"worker-0", "worker-1"};
  const auto ring = GlooRing::Connect(options, [](const std::string&) -> absl::StatusOr<std::vector<std::string>> {
    return absl::AbortedError("there is another layout");
  });
  CHECK(absl::IsAborted(ring.status()));
  options.connect_within = absl::Milliseconds(500);
  const auto alone =
      GlooRing::Connect(options, [](const std::string& mine) -> absl::StatusOr<std::vector<std::string>> {
        return std::vector<std::string>{mine, mine};  // nobody is there
      });
  CHECK(absl::IsUnavailable(alone.status()));
  CHECK_THAT(std::string(alone.status().message()), Contains("worker-0, worker-1"));
}

}  // namespace
}  // namespace pumasi
