// Working memory that only grows, so that a training step allocates nothing once the largest part was seen.
#ifndef PUMASI_OPS_BUFFER_H_
#define PUMASI_OPS_BUFFER_H_

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace pumasi {

// Memory for values of a trivial type, aligned to a cache line. Not thread-safe.
template <typename T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  // Memory for `count` values. The values are not initialised, and earlier pointers end when the buffer has to grow.
  T* Reserve(size_t count) {
    if (count > capacity_) {
      // An eighth in reserve: parts differ a little in size.
      const size_t capacity = count + count / 8;
      memory_.reset();
      capacity_ = 0;
      memory_.reset(static_cast<T*>(::operator new(capacity * sizeof(T), std::align_val_t(kAlignment))));
      capacity_ = capacity;
    }
    return memory_.get();
  }

  // What the last Reserve returned.
  T* get() const { return memory_.get(); }

 private:
  static constexpr size_t kAlignment = 64;
  struct Delete {
    void operator()(T* memory) const { ::operator delete(memory, std::align_val_t(kAlignment)); }
  };
  std::unique_ptr<T, Delete> memory_;
  size_t capacity_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_BUFFER_H_
