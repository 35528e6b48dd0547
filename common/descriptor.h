#ifndef PUMASI_COMMON_DESCRIPTOR_H_
#define PUMASI_COMMON_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace pumasi {

// A file descriptor that closes itself; negative: none.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return fd_; }
  // Gives the descriptor away.
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_DESCRIPTOR_H_
