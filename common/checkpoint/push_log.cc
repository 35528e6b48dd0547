#include "common/checkpoint/push_log.h"

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/crc32c.h"

namespace pumasi {
namespace {

constexpr char kMagic[8] = {'P', 'U', 'M', 'A', 'L', 'O', 'G', '1'};
constexpr absl::string_view kPrefix = "log-";

template <typename T>
void Put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

void PutFloats(std::string* out, const float* values, uint64_t floats) {
  out->append(reinterpret_cast<const char*>(values), floats * sizeof(float));
  if (floats % 2 == 1) Put(out, float{0});
}

// Takes apart what PutFloats and its kind wrote. After a failure everything it gives is empty.
class Bytes {
 public:
  explicit Bytes(absl::string_view data) : left_(data) {}
  template <typename T>
  T Take() {
    T value{};
    if (const char* at = TakeRaw(1, sizeof value)) std::memcpy(&value, at, sizeof value);
    return value;
  }
  const uint64_t* Ids(uint64_t count) { return reinterpret_cast<const uint64_t*>(TakeRaw(count, sizeof(uint64_t))); }
  const float* Floats(uint64_t count) {
    if (count > left_.size()) ok_ = false;
    return ok_ ? reinterpret_cast<const float*>(TakeRaw(count + count % 2, sizeof(float))) : nullptr;
  }
  bool ok() const { return ok_; }
  bool empty() const { return left_.empty(); }

 private:
  const char* TakeRaw(uint64_t count, uint64_t each) {
    ok_ = ok_ && count <= left_.size() / each;
    if (!ok_) return nullptr;
    const char* at = left_.data();
    left_.remove_prefix(count * each);
    return at;
  }
  absl::string_view left_;
  bool ok_ = true;
};

absl::StatusOr<LoggedBatch> Parse(absl::string_view payload) {
  Bytes bytes(payload);
  LoggedBatch batch;
  batch.version = bytes.Take<uint64_t>();
  batch.slot = bytes.Take<uint32_t>();
  const auto tables = bytes.Take<uint32_t>(), chunks = bytes.Take<uint32_t>();
  bytes.Take<uint32_t>();
  for (uint32_t i = 0; i < tables && bytes.ok(); ++i) {
    LoggedBatch::Rows& rows = batch.rows.emplace_back();
    rows.table = bytes.Take<uint32_t>();
    rows.width = bytes.Take<uint32_t>();
    rows.rows = bytes.Take<uint64_t>();
    rows.ids = bytes.Ids(rows.rows);
    if (!bytes.ok() || (rows.width > 0 && rows.rows > payload.size() / rows.width)) break;
    rows.values = bytes.Floats(rows.rows * rows.width);
  }
  for (uint32_t i = 0; i < chunks && bytes.ok(); ++i) {
    LoggedBatch::Chunk& chunk = batch.dense.emplace_back();
    chunk.table = bytes.Take<uint32_t>();
    chunk.chunk = bytes.Take<uint32_t>();
    chunk.floats = bytes.Take<uint64_t>();
    chunk.values = bytes.Floats(chunk.floats);
  }
  if (!bytes.ok() || !bytes.empty()) {
    return absl::DataLossError(absl::StrCat("a record of ", payload.size(), " bytes does not hold what it says"));
  }
  return batch;
}

// The first version of a log file, from its name.
bool ParseName(absl::string_view name, uint64_t* first_version) {
  if (!absl::StartsWith(name, kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const size_t dash = name.find('-');
  return dash != absl::string_view::npos && absl::SimpleAtoi(name.substr(0, dash), first_version);
}

// Names of the log's files; none if the folder is not there.
absl::StatusOr<std::vector<std::string>> LogFiles(Files& files, const std::string& folder) {
  auto there = files.Exists(folder);
  if (!there.ok()) return there.status();
  if (!*there) return std::vector<std::string>();
  return files.List(folder);
}

}  // namespace

void AppendRecord(const LoggedBatch& batch, std::string* out) {
  const size_t header = out->size();
  Put(out, uint32_t{0});
  Put(out, uint32_t{0});
  const size_t start = out->size();
  Put(out, batch.version);
  Put(out, batch.slot);
  Put(out, static_cast<uint32_t>(batch.rows.size()));
  Put(out, static_cast<uint32_t>(batch.dense.size()));
  Put(out, uint32_t{0});
  for (const LoggedBatch::Rows& rows : batch.rows) {
    Put(out, rows.table);
    Put(out, rows.width);
    Put(out, rows.rows);
    out->append(reinterpret_cast<const char*>(rows.ids), rows.rows * sizeof(uint64_t));
    PutFloats(out, rows.values, rows.rows * rows.width);
  }
  for (const LoggedBatch::Chunk& chunk : batch.dense) {
    Put(out, chunk.table);
    Put(out, chunk.chunk);
    Put(out, chunk.floats);
    PutFloats(out, chunk.values, chunk.floats);
  }
  const auto size = static_cast<uint32_t>(out->size() - start);
  const uint32_t crc = Crc32c(absl::string_view(*out).substr(start));
  std::memcpy(out->data() + header, &size, sizeof size);
  std::memcpy(out->data() + header + sizeof size, &crc, sizeof crc);
}

absl::StatusOr<std::unique_ptr<PushLogWriter>> PushLogWriter::Create(Files& files, const std::string& folder,
                                                                     uint64_t first_version,
                                                                     const std::string& writer) {
  if (absl::Status status = files.MakeFolder(folder); !status.ok()) return status;
  const std::string path = absl::StrFormat("%s/%s%09d-%s", folder, kPrefix, first_version, writer);
  auto file = files.Create(path, {.mode = 0644, .exclusive = true});
  if (!file.ok()) return file.status();
  if (absl::Status status = (*file)->Write(absl::string_view(kMagic, sizeof kMagic)); !status.ok()) return status;
  if (absl::Status status = (*file)->Sync(); !status.ok()) return status;
  if (absl::Status status = files.SyncFolder(folder); !status.ok()) return status;
  return std::unique_ptr<PushLogWriter>(new PushLogWriter(*std::move(file), path));
}

absl::Status PushLogWriter::Write(absl::string_view records) {
  if (broken_.ok()) broken_ = file_->Write(records);
  return broken_;
}

absl::Status PushLogWriter::Sync() {
  // A failed sync may have dropped what was written: trying again would report as durable what is not.
  if (broken_.ok()) broken_ = file_->Sync();
  return broken_;
}

void PushLog::Scan(const MappedFile& file) {
  absl::string_view left(file.data(), file.size());
  if (!absl::StartsWith(left, absl::string_view(kMagic, sizeof kMagic))) return;
  left.remove_prefix(sizeof kMagic);
  constexpr size_t kHeader = 2 * sizeof(uint32_t), kKey = sizeof(uint64_t) + sizeof(uint32_t);
  while (left.size() >= kHeader + kKey) {
    uint32_t size, crc, slot;
    uint64_t version;
    std::memcpy(&size, left.data(), sizeof size);
    std::memcpy(&crc, left.data() + sizeof size, sizeof crc);
    if (size < kKey || size % 8 != 0 || size > left.size() - kHeader) return;
    const absl::string_view payload = left.substr(kHeader, size);
    if (Crc32c(payload.data(), payload.size()) != crc) return;
    std::memcpy(&version, payload.data(), sizeof version);
    std::memcpy(&slot, payload.data() + sizeof version, sizeof slot);
    records_.emplace(std::pair(slot, version), payload);
    left.remove_prefix(kHeader + size);
  }
}

absl::StatusOr<std::unique_ptr<PushLog>> PushLog::Open(Files& files, const std::string& folder) {
  auto names = LogFiles(files, folder);
  if (!names.ok()) return names.status();
  auto log = std::make_unique<PushLog>();
  for (const std::string& name : *names) {
    uint64_t first;
    if (!ParseName(name, &first)) continue;
    std::string path = absl::StrCat(folder, "/", name);
    auto file = files.OpenMapped(path);
    if (!file.ok()) return file.status();
    log->Scan(**file);
    log->paths_.push_back(std::move(path));
    log->maps_.push_back(*std::move(file));
  }
  return log;
}

absl::Status PushLog::Sync(Files& files) const {
  for (const std::string& path : paths_) {
    if (absl::Status status = files.SyncFile(path); !status.ok()) return status;
  }
  return absl::OkStatus();
}

uint64_t PushLog::EndOf(uint32_t slot, uint64_t from) const {
  auto record = records_.find({slot, from});
  while (record != records_.end() && record->first == std::pair(slot, from)) ++record, ++from;
  return from;
}

absl::StatusOr<LoggedBatch> PushLog::Find(uint32_t slot, uint64_t version) const {
  const auto record = records_.find({slot, version});
  if (record == records_.end()) {
    return absl::NotFoundError(absl::StrCat("the log has no batch ", version, " of slot ", slot));
  }
  return Parse(record->second);
}

absl::Status RemoveLogBefore(Files& files, const std::string& folder, uint64_t version) {
  auto names = LogFiles(files, folder);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    uint64_t first;
    if (!ParseName(name, &first) || first >= version) continue;
    absl::Status removed = files.Remove(absl::StrCat(folder, "/", name));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  }
  return absl::OkStatus();
}

}  // namespace pumasi
