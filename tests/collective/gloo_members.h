// Members of a ring of Gloo's as threads of this process.
#ifndef PUMASI_TESTS_COLLECTIVE_GLOO_MEMBERS_H_
#define PUMASI_TESTS_COLLECTIVE_GLOO_MEMBERS_H_

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "worker/collective/gloo_ring.h"

namespace pumasi {

class GlooMembers {
 public:
  explicit GlooMembers(size_t size) : addresses_(size) {}

  absl::StatusOr<std::unique_ptr<GlooRing>> Connect(size_t rank) {
    GlooRing::Options options;
    options.host = "127.0.0.1";
    options.rank = rank;
    for (size_t other = 0; other < addresses_.size(); ++other)
      options.members.push_back("worker-" + std::to_string(other));
    return GlooRing::Connect(options, [&](const std::string& mine) -> absl::StatusOr<std::vector<std::string>> {
      std::unique_lock lock(mutex_);
      addresses_[rank] = mine;
      ++came_;
      changed_.notify_all();
      const bool all = changed_.wait_for(lock, std::chrono::seconds(20), [&] { return came_ >= addresses_.size(); });
      if (!all) return absl::DeadlineExceededError("not all came");
      return addresses_;
    });
  }

  // Each member's part in a thread of its own; ends with all of them.
  void Run(const std::function<void(size_t rank, GlooRing& ring)>& part) {
    std::vector<std::thread> threads;
    std::vector<absl::Status> statuses(addresses_.size());
    for (size_t rank = 0; rank < addresses_.size(); ++rank) {
      threads.emplace_back([&, rank] {
        auto ring = Connect(rank);
        statuses[rank] = ring.status();
        if (ring.ok()) part(rank, **ring);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const absl::Status& status : statuses) {
      INFO(status.ToString());
      CHECK(status.ok());
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> addresses_;
  size_t came_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_COLLECTIVE_GLOO_MEMBERS_H_
