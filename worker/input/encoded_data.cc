#include "worker/input/encoded_data.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/errno_status.h"

namespace pumasi {
namespace {

uint32_t Largest(const uint32_t* values, uint64_t count) {
  uint32_t largest = 0;
  for (uint64_t i = 0; i < count; ++i) largest = std::max(largest, values[i]);
  return largest;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EncodedData>> EncodedData::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, path, "open");
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size < static_cast<off_t>(sizeof(EncodedHeader))) {
    close(fd);
    return absl::DataLossError(absl::StrCat(path, " is too short to hold encoded rows"));
  }
  void* const data = mmap(nullptr, info.st_size, PROT_READ, MAP_SHARED, fd, 0);
  const int error = errno;
  close(fd);
  if (data == MAP_FAILED) return ErrnoStatus(error, path, "map");
  std::unique_ptr<EncodedData> encoded(
      new EncodedData(path, std::string_view(static_cast<const char*>(data), info.st_size)));
  if (absl::Status status = encoded->Check(); !status.ok()) {
    return absl::DataLossError(absl::StrCat(path, " is damaged: ", status.message()));
  }
  return encoded;
}

EncodedData::~EncodedData() { munmap(const_cast<char*>(file_.data()), file_.size()); }

absl::Status EncodedData::Check() {
  header_ = reinterpret_cast<const EncodedHeader*>(file_.data());
  const EncodedHeader& header = *header_;
  const auto fail = [](const char* what) { return absl::DataLossError(what); };
  if (header.magic != kEncodedMagic) return fail("not a file of encoded rows");
  if (header.format != kEncodedFormat) return fail("of another format");
  if (header.header_crc != Crc32c(&header, offsetof(EncodedHeader, header_crc))) return fail("header checksum");
  if (header.rows > kMaxEncodedRows || header.token_count > kMaxEncodedTokens) return fail("impossible sizes");
  const EncodedLayout layout = EncodedLayout::For(header.rows, header.token_count);
  if (layout.size != file_.size()) return fail("its size does not fit its header");
  tokens_ = reinterpret_cast<const uint32_t*>(file_.data() + layout.tokens);
  labels_ = reinterpret_cast<const uint32_t*>(file_.data() + layout.labels);
  offsets_ = reinterpret_cast<const uint64_t*>(file_.data() + layout.offsets);
  const uint64_t rows = header.rows;
  if (Crc32c(tokens_, header.token_count * sizeof(uint32_t)) != header.tokens_crc) return fail("token checksum");
  if (Crc32c(labels_, rows * sizeof(uint32_t)) != header.labels_crc) return fail("label checksum");
  if (Crc32c(offsets_, (rows + 1) * sizeof(uint64_t)) != header.offsets_crc) return fail("offset checksum");
  if (offsets_[0] != 0 || offsets_[rows] != header.token_count) return fail("offsets do not fit the tokens");
  for (uint64_t row = 0; row < rows; ++row) {
    if (offsets_[row] >= offsets_[row + 1]) return fail("offsets that do not rise");
  }
  if (header.token_count > 0 && Largest(tokens_, header.token_count) >= header.vocabulary) return fail("unknown token");
  if (rows > 0 && Largest(labels_, rows) >= header.classes) return fail("unknown label");
  return absl::OkStatus();
}

void EncodedData::Get(uint64_t row, std::vector<uint32_t>* tokens, uint32_t* label) const {
  const std::span<const uint32_t> ids = this->tokens(row);
  tokens->assign(ids.begin(), ids.end());
  *label = labels_[row];
}

}  // namespace pumasi
