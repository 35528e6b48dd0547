// How much memory a job's slots take on a server, by what it is for, and how much they may.
#ifndef PUMASI_SERVER_MEMORY_ACCOUNT_H_
#define PUMASI_SERVER_MEMORY_ACCOUNT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace pumasi {

enum class MemoryUse : uint8_t {
  kTables,      // values and optimizer slots, and rows that the batch in progress will bring
  kBefore,      // what the last batch replaced
  kGradients,   // of the batch in progress
  kCopies,      // slots that are not read and pushed to: held aside while they are copied, or on their way out
  kCheckpoint,  // what changed and a checkpoint still needs, and what it is about to write
  kLog,         // records of the push log that are not yet written
};
inline constexpr size_t kMemoryUses = 6;
// "tables", "before", ...: for metrics.
const char* ShortName(MemoryUse use);

// What is counted is what lasts from one call to the next: not the messages of calls in progress, and nothing that is
// only there while one call is answered. Thread-safe.
class MemoryAccount {
 public:
  // `limit`: bytes; 0: none.
  explicit MemoryAccount(uint64_t limit = 0) : limit_(limit) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  uint64_t limit() const { return limit_; }
  uint64_t bytes(MemoryUse use) const { return bytes_[static_cast<size_t>(use)].load(std::memory_order_relaxed); }
  // Of all uses.
  uint64_t bytes() const;
  // Of those that end by themselves, whether or not a batch is pushed: copies, checkpoint, log.
  uint64_t passing() const;
  bool Fits(uint64_t more) const { return limit_ == 0 || bytes() + more <= limit_; }
  // "tables 5200, gradients 800": uses that there are, for messages.
  std::string Describe() const;
  // "a checkpoint": the largest passing use, for messages; empty: there is none.
  std::string LargestPassing() const;

 private:
  friend class CountedBytes;
  void Change(MemoryUse use, uint64_t from, uint64_t to) {
    // Unsigned: wraps around and back.
    bytes_[static_cast<size_t>(use)].fetch_add(to - from, std::memory_order_relaxed);
  }

  const uint64_t limit_;
  std::array<std::atomic<uint64_t>, kMemoryUses> bytes_{};
};

// A number of bytes in an account, for as long as this lives. Not thread-safe.
class CountedBytes {
 public:
  // Without an account (nullptr) it is a number and nothing more.
  CountedBytes(std::shared_ptr<MemoryAccount> account, MemoryUse use) : account_(std::move(account)), use_(use) {}
  ~CountedBytes() { Set(0); }
  CountedBytes(const CountedBytes&) = delete;
  CountedBytes& operator=(const CountedBytes&) = delete;

  uint64_t bytes() const { return bytes_; }
  void Set(uint64_t bytes) {
    if (account_ != nullptr && bytes != bytes_) account_->Change(use_, bytes_, bytes);
    bytes_ = bytes;
  }
  void Add(uint64_t bytes) { Set(bytes_ + bytes); }
  // REQUIRES: bytes <= bytes().
  void Subtract(uint64_t bytes) { Set(bytes_ - bytes); }
  // They count for another use from now on.
  void SetUse(MemoryUse use);

 private:
  const std::shared_ptr<MemoryAccount> account_;
  MemoryUse use_;
  uint64_t bytes_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_MEMORY_ACCOUNT_H_
