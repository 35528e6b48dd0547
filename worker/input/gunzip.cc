#include "worker/input/gunzip.h"

#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/errno_status.h"

namespace pumasi {
namespace {

constexpr size_t kBufferBytes = 1 << 18;
// 15 bits of window, and only the gzip format.
constexpr int kGzipWindow = 15 + 16;

absl::Status WriteAll(int fd, const unsigned char* data, size_t size, const std::string& name) {
  while (size > 0) {
    const ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return ErrnoStatus(errno, name, "unpack");
    }
    data += written;
    size -= written;
  }
  return absl::OkStatus();
}

absl::Status Inflate(z_stream* stream, int in, int out, uint64_t max_bytes, const std::string& name) {
  std::vector<unsigned char> packed(kBufferBytes), unpacked(kBufferBytes);
  uint64_t total = 0;
  bool inside = false;  // a member has begun and not yet ended
  for (;;) {
    if (stream->avail_in == 0) {
      const ssize_t got = read(in, packed.data(), packed.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoStatus(errno, name, "read");
      if (got == 0) break;
      stream->next_in = packed.data();
      stream->avail_in = static_cast<uInt>(got);
    }
    bool full = false;
    do {  // while the output fills up, inflate may hold back more of what it has already taken in
      inside = true;
      stream->next_out = unpacked.data();
      stream->avail_out = static_cast<uInt>(unpacked.size());
      const int result = inflate(stream, Z_NO_FLUSH);
      const size_t made = unpacked.size() - stream->avail_out;
      full = stream->avail_out == 0;
      total += made;
      if (total > max_bytes) {
        return absl::ResourceExhaustedError(
            absl::StrCat(name, " unpacks to more than the allowed ", max_bytes, " bytes; unpack it by hand"));
      }
      if (absl::Status status = WriteAll(out, unpacked.data(), made, name); !status.ok()) return status;
      if (result == Z_STREAM_END) {
        inside = false;
        inflateReset(stream);
        break;  // the next member, if any, begins with what is left of the input
      }
      if (result != Z_OK && result != Z_BUF_ERROR) {
        return absl::InvalidArgumentError(absl::StrCat(name, " is not sound gzip data (",
                                                       stream->msg != nullptr ? stream->msg : "damaged",
                                                       "); only names of gzip files may end in .gz"));
      }
    } while (full);
  }
  if (inside) return absl::InvalidArgumentError(absl::StrCat(name, " ends in the middle of its gzip data"));
  return absl::OkStatus();
}

}  // namespace

absl::Status Gunzip(int in, int out, uint64_t max_bytes, const std::string& name) {
  z_stream stream = {};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return absl::ResourceExhaustedError("zlib found no memory");
  absl::Status status = Inflate(&stream, in, out, max_bytes, name);
  inflateEnd(&stream);
  return status;
}

}  // namespace pumasi
