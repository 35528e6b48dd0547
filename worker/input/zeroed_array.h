#ifndef PUMASI_WORKER_INPUT_ZEROED_ARRAY_H_
#define PUMASI_WORKER_INPUT_ZEROED_ARRAY_H_

#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

namespace pumasi {

// Memory of zeros straight from the system, in large pages if it is large and the system has some: a big hash table is
// otherwise slowed down as much by page faults and address translation as by the cache. Throws std::bad_alloc.
class ZeroedMemory {
 public:
  explicit ZeroedMemory(size_t bytes);
  ~ZeroedMemory();
  ZeroedMemory(ZeroedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ZeroedMemory& operator=(ZeroedMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  void* data() const { return data_; }

 private:
  void* data_;
  size_t bytes_;
};

// An array of T whose bytes are all zero at first.
template <typename T>
class ZeroedArray {
 public:
  explicit ZeroedArray(size_t size) : memory_(size * sizeof(T)), size_(size) {}
  ZeroedArray(ZeroedArray&& other) noexcept : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}
  ZeroedArray& operator=(ZeroedArray&& other) noexcept {
    memory_ = std::move(other.memory_);
    std::swap(size_, other.size_);
    return *this;
  }

  size_t size() const { return size_; }
  T& operator[](size_t i) { return static_cast<T*>(memory_.data())[i]; }
  const T& operator[](size_t i) const { return static_cast<const T*>(memory_.data())[i]; }
  T* begin() { return static_cast<T*>(memory_.data()); }
  T* end() { return begin() + size_; }
  const T* begin() const { return static_cast<const T*>(memory_.data()); }
  const T* end() const { return begin() + size_; }

 private:
  ZeroedMemory memory_;
  size_t size_;
};

// An array of T that grows at its end without moving what is in it: blocks, each twice as large as the one before. The
// bytes of a new element are all zero.
template <typename T>
class GrowingArray {
 public:
  // REQUIRES: Grown was called for `i`.
  T& operator[](size_t i) { return *At(i); }
  const T& operator[](size_t i) const { return *At(i); }

  // The element `i`, the first that there is not yet.
  T& Grown(size_t i) {
    const int block = BlockOf(i);
    if (static_cast<size_t>(block) == blocks_.size()) {
      blocks_.emplace_back(kFirst << block);
      starts_[block] = blocks_.back().begin() - (kFirst << block);
    }
    return *At(i);
  }

 private:
  static constexpr size_t kFirst = 256;
  static constexpr int kBlocks = 48;

  // Block k holds the elements with 2^k <= (i + kFirst) / kFirst < 2^(k + 1).
  static int BlockOf(size_t i) { return std::bit_width(i + kFirst) - std::bit_width(kFirst); }
  T* At(size_t i) const { return starts_[BlockOf(i)] + (i + kFirst); }

  std::vector<ZeroedArray<T>> blocks_;
  // Where each block would begin if it began with element 0 - kFirst.
  T* starts_[kBlocks] = {};
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ZEROED_ARRAY_H_
