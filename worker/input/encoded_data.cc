#include "worker/input/encoded_data.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/errno_status.h"

namespace pumasi {
namespace {

uint32_t Largest(const uint32_t* values, uint64_t count) {
  // Several maxima at a time do not wait for one another.
  constexpr uint64_t kLanes = 8;
  uint32_t largest[kLanes] = {};
  uint64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (uint64_t lane = 0; lane < kLanes; ++lane) largest[lane] = std::max(largest[lane], values[i + lane]);
  }
  for (; i < count; ++i) largest[0] = std::max(largest[0], values[i]);
  return *std::max_element(largest, largest + kLanes);
}

absl::Status Damaged(const char* what) { return absl::DataLossError(what); }

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
  if (header.magic != kEncodedMagic) return Damaged("not a file of encoded rows");
  if (header.format != kEncodedFormat) return Damaged("of another format");
  if (header.header_crc != Crc32c(&header, offsetof(EncodedHeader, header_crc))) return Damaged("header checksum");
  if (header.label_kind > LabelKind::kNumbers) return Damaged("unknown kind of labels");
  if (header.rows > kMaxEncodedRows || header.token_count > kMaxEncodedTokens ||
      header.label_count > kMaxEncodedLabels) {
    return Damaged("impossible sizes");
  }
  const bool ragged = header.label_kind == LabelKind::kClasses;
  labels_per_row_ = header.label_kind == LabelKind::kNumbers ? header.classes : 1;
  if (!ragged && (labels_per_row_ == 0 || header.label_count % labels_per_row_ != 0 ||
                  header.label_count / labels_per_row_ != header.rows)) {
    return Damaged("its labels do not fit its rows");
  }
  const EncodedLayout layout = EncodedLayout::For(header);
  if (layout.size != file_.size()) return Damaged("its size does not fit its header");
  tokens_ = reinterpret_cast<const uint32_t*>(file_.data() + layout.tokens);
  labels_ = reinterpret_cast<const uint32_t*>(file_.data() + layout.labels);
  offsets_ = reinterpret_cast<const uint64_t*>(file_.data() + layout.offsets);
  if (ragged) label_offsets_ = reinterpret_cast<const uint64_t*>(file_.data() + layout.label_offsets);
  const uint64_t rows = header.rows, offsets_bytes = (rows + 1) * sizeof(uint64_t);
  if (Crc32c(tokens_, header.token_count * sizeof(uint32_t)) != header.tokens_crc) return Damaged("token checksum");
  if (Crc32c(labels_, header.label_count * sizeof(uint32_t)) != header.labels_crc) return Damaged("label checksum");
  uint32_t offsets_crc = Crc32c(offsets_, offsets_bytes);
  if (ragged) offsets_crc = Crc32c(label_offsets_, offsets_bytes, offsets_crc);
  if (offsets_crc != header.offsets_crc) return Damaged("offset checksum");
  if (offsets_[0] != 0 || offsets_[rows] != header.token_count) return Damaged("offsets do not fit the tokens");
  for (uint64_t row = 0; row < rows; ++row) {
    if (offsets_[row] >= offsets_[row + 1]) return Damaged("offsets that do not rise");
  }
  if (header.token_count > 0 && Largest(tokens_, header.token_count) >= header.vocabulary) {
    return Damaged("unknown token");
  }
  return CheckLabels();
}

absl::Status EncodedData::CheckLabels() const {
  const EncodedHeader& header = *header_;
  if (header.label_kind == LabelKind::kNumbers) {
    for (uint64_t i = 0; i < header.label_count; ++i) {
      if (!std::isfinite(NumberOf(labels_[i]))) return Damaged("a number that is not finite");
    }
    return absl::OkStatus();
  }
  if (header.label_count > 0 && Largest(labels_, header.label_count) >= header.classes) return Damaged("unknown label");
  if (header.label_kind == LabelKind::kClass) return absl::OkStatus();
  if (label_offsets_[0] != 0 || label_offsets_[header.rows] != header.label_count) {
    return Damaged("offsets do not fit the labels");
  }
  // All offsets are looked at before any of them is followed.
  for (uint64_t row = 0; row < header.rows; ++row) {
    if (label_offsets_[row] > label_offsets_[row + 1]) return Damaged("label offsets that fall");
  }
  for (uint64_t row = 0; row < header.rows; ++row) {
    for (uint64_t i = label_offsets_[row] + 1; i < label_offsets_[row + 1]; ++i) {
      if (labels_[i - 1] >= labels_[i]) return Damaged("a row's labels do not ascend");
    }
  }
  return absl::OkStatus();
}

void EncodedData::Get(uint64_t row, std::vector<uint32_t>* tokens, std::vector<uint32_t>* labels) const {
  const std::span<const uint32_t> ids = this->tokens(row), words = this->labels(row);
  tokens->assign(ids.begin(), ids.end());
  labels->resize(words.size());
  std::copy(words.begin(), words.end(), labels->begin());
}

}  // namespace pumasi
