#ifndef PUMASI_WORKER_INPUT_ENCODED_DATA_H_
#define PUMASI_WORKER_INPUT_ENCODED_DATA_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/input/encoded_format.h"
#include "worker/input/row_source.h"

namespace pumasi {

// A file of encoded rows (encoded_format.h), mapped. Pages come from the disk as they are used, so it may be larger
// than memory. Thread-safe.
class EncodedData : public RowSource {
 public:
  // Opens a file and reads all of it once: checks header, sizes, checksums, offsets, that each row has a token, that
  // each token and class is below its bound, a row's classes ascend, and numbers are finite. After that no access can
  // go wrong, unless the file is changed while mapped. DATA_LOSS where the file is not sound; NOT_FOUND and the like as
  // the system says.
  static absl::StatusOr<std::unique_ptr<EncodedData>> Open(const std::string& path);
  ~EncodedData() override;
  EncodedData(const EncodedData&) = delete;
  EncodedData& operator=(const EncodedData&) = delete;

  uint64_t rows() const override { return header_->rows; }
  std::span<const uint32_t> tokens(uint64_t row) const {
    return {tokens_ + offsets_[row], static_cast<size_t>(offsets_[row + 1] - offsets_[row])};
  }
  std::span<const uint32_t> labels(uint64_t row) const {
    if (label_offsets_ == nullptr) return {labels_ + row * labels_per_row_, labels_per_row_};
    return {labels_ + label_offsets_[row], static_cast<size_t>(label_offsets_[row + 1] - label_offsets_[row])};
  }
  void Get(uint64_t row, std::vector<uint32_t>* tokens, std::vector<uint32_t>* labels) const override;

  const EncodedHeader& header() const { return *header_; }

 private:
  EncodedData(std::string path, std::string_view file) : path_(std::move(path)), file_(file) {}
  absl::Status Check();
  absl::Status CheckLabels() const;

  const std::string path_;
  const std::string_view file_;
  const EncodedHeader* header_ = nullptr;
  const uint32_t* tokens_ = nullptr;
  const uint32_t* labels_ = nullptr;
  const uint64_t* offsets_ = nullptr;
  const uint64_t* label_offsets_ = nullptr;  // only with LabelKind::kClasses
  size_t labels_per_row_ = 1;                // otherwise
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ENCODED_DATA_H_
