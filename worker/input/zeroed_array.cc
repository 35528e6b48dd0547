#include "worker/input/zeroed_array.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace pumasi {
namespace {

constexpr size_t kLarge = 2 << 20;  // x86-64's larger pages

}  // namespace

ZeroedMemory::ZeroedMemory(size_t bytes) : bytes_(bytes < kLarge ? bytes : (bytes + kLarge - 1) / kLarge * kLarge) {
  if (bytes_ < kLarge) {
    data_ = std::calloc(bytes, 1);
    if (data_ == nullptr) throw std::bad_alloc();
    return;
  }
  data_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data_ == MAP_FAILED) throw std::bad_alloc();
  madvise(data_, bytes_, MADV_HUGEPAGE);  // a wish
}

ZeroedMemory::~ZeroedMemory() {
  if (bytes_ < kLarge) {
    std::free(data_);
  } else {
    munmap(data_, bytes_);
  }
}

}  // namespace pumasi
