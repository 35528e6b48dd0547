#include "worker/input/encoded_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "common/crc32c.h"
#include "common/errno_status.h"
#include "worker/input/encoded_format.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<EncodedWriter>> EncodedWriter::Create(const std::string& path, LabelKind kind) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus(errno, path, "create");
  std::unique_ptr<EncodedWriter> writer(new EncodedWriter(path, kind, fd));
  if (kind == LabelKind::kClasses) writer->label_offsets_.push_back(0);
  if (absl::Status status = writer->PadTo(sizeof(EncodedHeader)); !status.ok()) return status;
  return writer;
}

EncodedWriter::~EncodedWriter() {
  if (fd_ >= 0) close(fd_);
}

absl::Status EncodedWriter::Write(const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    // The kernel takes at most 2 GiB at once.
    const ssize_t written = write(fd_, bytes, std::min(size, size_t{1} << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, path_, "write");
    bytes += written;
    size -= written;
    position_ += written;
  }
  return absl::OkStatus();
}

absl::Status EncodedWriter::PadTo(uint64_t position) {
  static constexpr char kZeros[kEncodedAlignment] = {};
  return Write(kZeros, position - position_);
}

absl::Status EncodedWriter::Append(const EncodedRows& rows) {
  const size_t bytes = rows.tokens().size() * sizeof(uint32_t);
  tokens_crc_ = Crc32c(rows.tokens().data(), bytes, tokens_crc_);
  digest_.Update(rows.tokens().data(), bytes);
  if (absl::Status status = Write(rows.tokens().data(), bytes); !status.ok()) return status;
  for (const uint64_t end : rows.ends()) offsets_.push_back(token_count_ + end);
  token_count_ += rows.tokens().size();
  for (const uint64_t end : rows.label_ends()) label_offsets_.push_back(labels_.size() + end);
  labels_.insert(labels_.end(), rows.labels().begin(), rows.labels().end());
  return absl::OkStatus();
}

absl::Status EncodedWriter::Finish(uint32_t vocabulary, uint32_t classes) {
  const size_t labels_bytes = labels_.size() * sizeof(uint32_t);
  const size_t offsets_bytes = offsets_.size() * sizeof(uint64_t);
  const size_t label_offsets_bytes = label_offsets_.size() * sizeof(uint64_t);
  digest_.Update(labels_.data(), labels_bytes);
  digest_.Update(offsets_.data(), offsets_bytes);
  digest_.Update(label_offsets_.data(), label_offsets_bytes);

  EncodedHeader header;
  header.vocabulary = vocabulary;
  header.classes = classes;
  header.tokens_crc = tokens_crc_;
  header.labels_crc = Crc32c(labels_.data(), labels_bytes);
  header.offsets_crc = Crc32c(label_offsets_.data(), label_offsets_bytes, Crc32c(offsets_.data(), offsets_bytes));
  header.rows = rows();
  header.token_count = token_count_;
  header.label_count = labels_.size();
  header.label_kind = kind_;
  header.header_crc = Crc32c(&header, offsetof(EncodedHeader, header_crc));

  const EncodedLayout layout = EncodedLayout::For(header);
  if (absl::Status status = PadTo(layout.labels); !status.ok()) return status;
  if (absl::Status status = Write(labels_.data(), labels_bytes); !status.ok()) return status;
  if (absl::Status status = PadTo(layout.offsets); !status.ok()) return status;
  if (absl::Status status = Write(offsets_.data(), offsets_bytes); !status.ok()) return status;
  if (kind_ == LabelKind::kClasses) {
    if (absl::Status status = PadTo(layout.label_offsets); !status.ok()) return status;
    if (absl::Status status = Write(label_offsets_.data(), label_offsets_bytes); !status.ok()) return status;
  }
  if (lseek(fd_, 0, SEEK_SET) != 0) return ErrnoStatus(errno, path_, "rewind");
  if (absl::Status status = Write(&header, sizeof(header)); !status.ok()) return status;
  if (fsync(fd_) != 0) return ErrnoStatus(errno, path_, "sync");
  const int fd = fd_;
  fd_ = -1;
  if (close(fd) != 0) return ErrnoStatus(errno, path_, "close");
  return absl::OkStatus();
}

}  // namespace pumasi
