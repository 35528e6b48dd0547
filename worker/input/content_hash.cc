#include "worker/input/content_hash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/descriptor.h"
#include "common/errno_status.h"
#include "common/file.h"
#include "common/sha256.h"
#include "worker/input/parallel.h"

namespace pumasi {
namespace {

constexpr uint64_t kBlockBytes = 4 << 20;
constexpr size_t kReadBytes = 256 << 10;
constexpr uint64_t kMaxIndexBytes = 64 << 10;

int64_t Nanos(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

// Everything about a file that changes with its contents, as text.
std::string Identity(const std::string& path, const struct stat& info) {
  return absl::StrCat(path, "\n", info.st_dev, " ", info.st_ino, " ", info.st_size, " ", Nanos(info.st_mtim), " ",
                      Nanos(info.st_ctim), "\n");
}

absl::Status HashBlock(int fd, const std::string& path, uint64_t begin, uint64_t end, char* buffer,
                       std::array<uint8_t, 32>* digest) {
  Sha256 sha;
  while (begin < end) {
    const ssize_t got = pread(fd, buffer, std::min<uint64_t>(kReadBytes, end - begin), static_cast<off_t>(begin));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, path, "read");
    if (got == 0) return absl::AbortedError(absl::StrCat(path, " became shorter while it was read"));
    sha.Update(buffer, got);
    begin += got;
  }
  *digest = sha.Digest();
  return absl::OkStatus();
}

absl::StatusOr<std::string> HashContents(int fd, const std::string& path, uint64_t size, int threads,
                                         ProgressTracker* tracker) {
  std::vector<std::array<uint8_t, 32>> digests((size + kBlockBytes - 1) / kBlockBytes);
  const absl::Status status = TryParallel(digests.size(), threads, [&](size_t block) {
    const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
    const uint64_t begin = block * kBlockBytes;
    const uint64_t end = std::min(size, begin + kBlockBytes);
    absl::Status done = HashBlock(fd, path, begin, end, buffer.get(), &digests[block]);
    return done.ok() ? tracker->Add(end - begin) : done;
  });
  if (!status.ok()) return status;
  Sha256 sha;
  for (const auto& digest : digests) sha.Update(digest.data(), digest.size());
  return sha.Hex();
}

// Remembers a digest. Failures do not matter: the next one hashes again.
void Remember(const std::string& entry, const std::string& identity, const std::string& digest, const struct stat& info,
              absl::Duration rest) {
  // Several processes may write at once, each under a name of its own.
  static std::atomic<uint64_t> number{0};
  const std::string temporary = absl::StrCat(entry, ".", getpid(), ".", number.fetch_add(1));
  const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (file.get() < 0) return;
  const std::string body = absl::StrCat(identity, digest, "\n");
  const std::string text = absl::StrCat(body, Sha256Hex(body), "\n");
  struct stat written;
  // How long the file has rested by the clock of its file system, which the file just made tells.
  const bool sound =
      write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fstat(file.get(), &written) == 0 &&
      std::max(Nanos(info.st_mtim), Nanos(info.st_ctim)) + absl::ToInt64Nanoseconds(rest) <= Nanos(written.st_ctim);
  if (!sound || rename(temporary.c_str(), entry.c_str()) != 0) unlink(temporary.c_str());
}

// The remembered digest, or nothing.
std::string Recall(const std::string& entry, const std::string& identity) {
  constexpr size_t kDigits = 64;
  absl::StatusOr<std::string> text = ReadFile(RealFiles(), entry, kMaxIndexBytes);
  if (!text.ok() || text->size() != identity.size() + 2 * (kDigits + 1)) return "";
  const std::string body = text->substr(0, identity.size() + kDigits + 1);
  if (body.compare(0, identity.size(), identity) != 0) return "";
  if (text->substr(body.size(), kDigits) != Sha256Hex(body)) return "";
  return body.substr(identity.size(), kDigits);
}

}  // namespace

absl::StatusOr<FileDigest> DigestFile(const std::string& path, const std::string& index, int threads,
                                      ProgressTracker* tracker, absl::Duration rest) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return ErrnoStatus(errno, path, "open");
  struct stat info;
  if (fstat(file.get(), &info) != 0) return ErrnoStatus(errno, path, "open");
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));
  FileDigest digest;
  digest.size = static_cast<uint64_t>(info.st_size);
  const std::string identity = Identity(path, info);
  const std::string entry = absl::StrCat(index, "/", Sha256Hex(path));
  if (!index.empty()) digest.sha256 = Recall(entry, identity);
  if (!digest.sha256.empty()) {
    if (absl::Status status = tracker->Add(digest.size); !status.ok()) return status;
    return digest;
  }
  absl::StatusOr<std::string> hash = HashContents(file.get(), path, digest.size, threads, tracker);
  if (!hash.ok()) return hash.status();
  struct stat after;
  if (fstat(file.get(), &after) != 0) return ErrnoStatus(errno, path, "read");
  if (Identity(path, after) != identity) return absl::AbortedError(absl::StrCat(path, " changed while it was read"));
  digest.sha256 = *std::move(hash);
  if (!index.empty() && RealFiles().MakeFolder(index).ok()) Remember(entry, identity, digest.sha256, info, rest);
  return digest;
}

}  // namespace pumasi
