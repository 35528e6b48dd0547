#include "common/local/message_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <new>
#include <utility>

#include "common/errno_status.h"

namespace pumasi {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr char kName[] = "pumasi-messages";

}  // namespace

absl::StatusOr<std::shared_ptr<MessageMemory>> MessageMemory::Create() {
  Descriptor file(memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0) return ErrnoStatus(errno, kName, "make shared memory");
  if (ftruncate(file.get(), kSize) != 0) return ErrnoStatus(errno, kName, "size shared memory");
  if (fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return ErrnoStatus(errno, kName, "seal shared memory");
  auto memory = Map(std::move(file));
  if (memory.ok()) new (&(*memory)->ring()) MessageRing;
  return memory;
}

absl::StatusOr<std::shared_ptr<MessageMemory>> MessageMemory::Open(Descriptor file) {
  // First: it asks nobody but the kernel, and fails for what is no such memory.
  const int seals = fcntl(file.get(), F_GET_SEALS);
  struct stat facts;
  if (seals < 0 || fstat(file.get(), &facts) != 0) {
    return absl::InvalidArgumentError("the other process sent no memory that can be sealed");
  }
  if (static_cast<uint64_t>(facts.st_size) != kSize || (seals & kSeals) != kSeals) {
    return absl::InvalidArgumentError("the other process' shared memory has another size or other seals than ours");
  }
  return Map(std::move(file));
}

absl::StatusOr<std::shared_ptr<MessageMemory>> MessageMemory::Map(Descriptor file) {
  void* const begin = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (begin == MAP_FAILED) return ErrnoStatus(errno, kName, "map shared memory");
  return std::shared_ptr<MessageMemory>(new MessageMemory(std::move(file), static_cast<char*>(begin)));
}

MessageMemory::~MessageMemory() { munmap(begin_, kSize); }

}  // namespace pumasi
