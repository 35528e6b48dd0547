#include "server/log_writer.h"

#include "absl/strings/str_cat.h"
#include "common/failpoint.h"

namespace pumasi {

absl::Status LogWriter::Write(const LogWish& wish) {
  for (const LogWish::Part& part : wish.parts) {
    absl::Status status = WritePart(wish, part);
    if (status.ok()) continue;
    file_ = nullptr;
    return status;
  }
  return absl::OkStatus();
}

absl::Status LogWriter::WritePart(const LogWish& wish, const LogWish::Part& part) {
  const bool fits =
      file_ != nullptr && folder_ == wish.folder && writer_ == wish.writer && first_version_ == part.first_version;
  if (!fits) {
    if (absl::Status status = Open(wish, part.first_version); !status.ok()) return status;
  }
  absl::Status status = file_->Write(part.records);
  return status.ok() ? PUMASI_FAILPOINT("server.log.written") : status;
}

absl::Status LogWriter::Open(const LogWish& wish, uint64_t first_version) {
  if (file_ != nullptr) {
    if (absl::Status status = Sync(); !status.ok()) return status;
    file_ = nullptr;
  }
  auto folder = find_ == nullptr ? wish.folder : find_(wish.folder);
  if (!folder.ok()) return folder.status();
  while (file_ == nullptr) {
    auto file = PushLogWriter::Create(files_, *folder, first_version, absl::StrCat(wish.writer, "-", ++opened_));
    if (file.ok()) {
      file_ = *std::move(file);
    } else if (!absl::IsAlreadyExists(file.status())) {
      return file.status();
    }
  }
  folder_ = wish.folder;
  writer_ = wish.writer;
  first_version_ = first_version;
  return absl::OkStatus();
}

absl::Status LogWriter::Sync() {
  absl::Status status = file_ == nullptr ? absl::OkStatus() : file_->Sync();
  if (status.ok()) status = PUMASI_FAILPOINT("server.log.synced");
  if (!status.ok()) file_ = nullptr;
  return status;
}

}  // namespace pumasi
