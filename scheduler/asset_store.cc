#include "scheduler/asset_store.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/crc32c.h"
#include "common/error_detail.h"

namespace pumasi {
namespace {

bool IsPlainName(const std::string& name) {
  return name.size() <= 100 && name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

absl::Status AssetUpload::Add(const v1::AssetChunk& chunk) {
  if (job_id_.empty()) {
    job_id_ = chunk.job_id();
    incarnation_ = chunk.incarnation();
  }
  complete_ = chunk.end();
  if (chunk.name().empty()) return absl::OkStatus();
  if (!IsPlainName(chunk.name())) return absl::InvalidArgumentError("an asset's name must be a plain file name");
  if (Crc32c(chunk.data()) != chunk.crc32c()) {
    return DetailedError(v1::ErrorDetail::CORRUPT, absl::StrCat(chunk.name(), ": checksum does not fit"));
  }
  bytes_ += chunk.data().size();
  if (bytes_ > max_bytes_) {
    return DetailedError(v1::ErrorDetail::OVER_LIMIT,
                         absl::StrCat("the vocabulary's files are larger than ", max_bytes_, " bytes"));
  }
  assets_[chunk.name()] += chunk.data();
  return absl::OkStatus();
}

std::vector<std::string> LabelsOf(const Assets& assets) {
  const auto file = assets.find("labels.txt");
  if (file == assets.end()) return {};
  std::vector<std::string> labels = absl::StrSplit(file->second, '\n');
  if (!labels.empty() && labels.back().empty()) labels.pop_back();
  return labels;
}

}  // namespace pumasi
