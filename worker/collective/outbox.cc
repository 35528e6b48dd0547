#include "worker/collective/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <new>
#include <utility>

#include "absl/status/status.h"
#include "common/errno_status.h"

namespace pumasi {
namespace {

// Nobody can change its size, or map it to write from when its owner has.
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
constexpr char kName[] = "pumasi-allreduce";
constexpr size_t kBegin = 4096;  // of the values
static_assert(sizeof(OutboxState) <= kBegin);

}  // namespace

size_t Outbox::Size(size_t nodes) { return kBegin + kPlaces * (nodes + 1) * kRound * sizeof(float); }

float* Outbox::area(uint32_t round, size_t index) {
  return reinterpret_cast<float*>(begin_ + kBegin) + (round % kPlaces * (nodes_ + 1) + index) * kRound;
}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Create(size_t nodes) {
  Descriptor file(memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0) return ErrnoStatus(errno, kName, "make shared memory");
  if (ftruncate(file.get(), static_cast<off_t>(Size(nodes))) != 0) {
    return ErrnoStatus(errno, kName, "size shared memory");
  }
  void* const begin = mmap(nullptr, Size(nodes), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (begin == MAP_FAILED) return ErrnoStatus(errno, kName, "map shared memory");
  new (begin) OutboxState{};
  std::unique_ptr<Outbox> outbox(new Outbox(std::move(file), static_cast<char*>(begin), nodes));
  if (fcntl(outbox->file(), F_ADD_SEALS, kSeals) != 0) return ErrnoStatus(errno, kName, "seal shared memory");
  return outbox;
}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Open(const Descriptor& file, size_t nodes) {
  // First: it asks nobody but the kernel, and fails for what is no such memory.
  const int seals = fcntl(file.get(), F_GET_SEALS);
  struct stat facts;
  if (seals < 0 || fstat(file.get(), &facts) != 0) {
    return absl::InvalidArgumentError("it sent no memory that can be sealed");
  }
  if (static_cast<size_t>(facts.st_size) != Size(nodes) || (seals & kSeals) != kSeals) {
    return absl::InvalidArgumentError("its shared memory has another size or other seals than ours");
  }
  void* const begin = mmap(nullptr, Size(nodes), PROT_READ, MAP_SHARED, file.get(), 0);
  if (begin == MAP_FAILED) return ErrnoStatus(errno, kName, "map shared memory");
  return std::unique_ptr<Outbox>(new Outbox(Descriptor(-1), static_cast<char*>(begin), nodes));
}

Outbox::~Outbox() { munmap(begin_, Size(nodes_)); }

}  // namespace pumasi
