#ifndef PUMASI_WORKER_INPUT_ENCODED_WRITER_H_
#define PUMASI_WORKER_INPUT_ENCODED_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/sha256.h"
#include "worker/input/encoded_rows.h"

namespace pumasi {

// Writes a file of encoded rows (encoded_format.h). Tokens go to the disk at once; labels and offsets, 12 bytes a row
// of one class, stay in memory until the end. Not thread-safe.
class EncodedWriter {
 public:
  // Creates the file, or empties it.
  static absl::StatusOr<std::unique_ptr<EncodedWriter>> Create(const std::string& path,
                                                               LabelKind kind = LabelKind::kClass);
  ~EncodedWriter();

  // Appends rows of the writer's kind. Each has to have a token.
  absl::Status Append(const EncodedRows& rows);

  uint64_t rows() const { return offsets_.size() - 1; }

  // Writes the rest and returns once the file is on the disk itself. Nothing may be called afterwards but
  // ContentsDigest. REQUIRES: tokens below `vocabulary`, labels as encoded_format.h has them.
  absl::Status Finish(uint32_t vocabulary, uint32_t classes);

  // SHA-256, in hexadecimal digits, over tokens, labels, offsets and label offsets as they lie in the file.
  std::string ContentsDigest() const { return digest_.Hex(); }

 private:
  EncodedWriter(std::string path, LabelKind kind, int fd) : path_(std::move(path)), kind_(kind), fd_(fd) {}
  absl::Status Write(const void* data, size_t size);
  // Writes zeros up to `position`.
  absl::Status PadTo(uint64_t position);

  const std::string path_;
  const LabelKind kind_;
  int fd_;
  uint64_t position_ = 0;
  uint64_t token_count_ = 0;
  uint32_t tokens_crc_ = 0;
  std::vector<uint32_t> labels_;
  std::vector<uint64_t> offsets_ = {0};
  std::vector<uint64_t> label_offsets_;  // [rows + 1]; empty unless the kind is kClasses
  Sha256 digest_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ENCODED_WRITER_H_
