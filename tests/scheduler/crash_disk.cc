#include "tests/scheduler/crash_disk.h"

#include <string.h>

#include <algorithm>
#include <atomic>

namespace pumasi {

CrashDisk::CrashDisk(uint64_t seed) : random_(seed) {
  static std::atomic<int> made{0};
  name_ = "crash-disk-" + std::to_string(++made);
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(File);
  vfs_.mxPathname = 256;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = Open;
  vfs_.xDelete = Delete;
  vfs_.xAccess = Access;
  vfs_.xFullPathname = FullPath;
  vfs_.xRandomness = Randomness;
  vfs_.xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
  vfs_.xCurrentTime = [](sqlite3_vfs*, double* days) {
    *days = 2460000;
    return SQLITE_OK;
  };
  vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
  sqlite3_vfs_register(&vfs_, 0);
}

CrashDisk::~CrashDisk() { sqlite3_vfs_unregister(&vfs_); }

bool CrashDisk::Alive() {
  if (operations_left_ == 0) return false;
  if (operations_left_ != UINT64_MAX) --operations_left_;
  return operations_left_ != 0;
}

int CrashDisk::Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  static const sqlite3_io_methods methods = [] {
    sqlite3_io_methods m = {};
    m.iVersion = 1;
    m.xClose = [](sqlite3_file*) { return SQLITE_OK; };
    m.xRead = Read;
    m.xWrite = Write;
    m.xTruncate = Truncate;
    m.xSync = Sync;
    m.xFileSize = Size;
    m.xLock = m.xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; };
    m.xCheckReservedLock = [](sqlite3_file*, int* reserved) {
      *reserved = 0;
      return SQLITE_OK;
    };
    m.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
    m.xSectorSize = [](sqlite3_file*) { return kSector; };
    m.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
    return m;
  }();
  CrashDisk* disk = Of(vfs);
  File* opened = Of(file);
  opened->base.pMethods = nullptr;
  if (name == nullptr) return SQLITE_CANTOPEN;  // temporary files are meant to be in memory
  auto found = disk->names_.find(name);
  if (found == disk->names_.end()) {
    if ((flags & SQLITE_OPEN_CREATE) == 0 || !disk->Alive()) return SQLITE_CANTOPEN;
    found = disk->names_.emplace(name, std::make_shared<Content>()).first;
    disk->opened_.push_back(found->second);
  }
  opened->disk = disk;
  opened->content = found->second.get();
  opened->name = name;
  opened->base.pMethods = &methods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int CrashDisk::Delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  CrashDisk* disk = Of(vfs);
  if (!disk->Alive()) return SQLITE_IOERR_DELETE;
  if (disk->names_.erase(name) == 0) return SQLITE_IOERR_DELETE_NOENT;
  if (sync_folder) disk->durable_names_.erase(name);
  return SQLITE_OK;
}

int CrashDisk::Access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  *result = Of(vfs)->names_.count(name) ? 1 : 0;
  return SQLITE_OK;
}

int CrashDisk::FullPath(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int CrashDisk::Randomness(sqlite3_vfs* vfs, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(Of(vfs)->random_());
  return size;
}

int CrashDisk::Read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  const std::string& bytes = Of(file)->content->cached;
  const size_t there = static_cast<size_t>(at) < bytes.size() ? std::min<size_t>(size, bytes.size() - at) : 0;
  memcpy(to, bytes.data() + (there > 0 ? at : 0), there);
  memset(static_cast<char*>(to) + there, 0, size - there);
  return there == static_cast<size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

void CrashDisk::Put(Content* content, const void* from, size_t size, uint64_t at) {
  if (content->cached.size() < at + size) content->cached.resize(at + size);
  memcpy(content->cached.data() + at, from, size);
  content->largest = std::max<uint64_t>(content->largest, content->cached.size());
  content->dirty.resize((content->cached.size() + kSector - 1) / kSector);
  for (uint64_t sector = at / kSector; sector * kSector < at + size; ++sector) content->dirty[sector] = true;
}

int CrashDisk::Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  CrashDisk* disk = Of(file)->disk;
  Content* content = Of(file)->content;
  const bool died_before = disk->dead();
  if (!disk->Alive()) {
    if (!died_before) Put(content, from, disk->random_() % (size + 1), at);
    return SQLITE_IOERR_WRITE;
  }
  if (disk->full_ && content->cached.size() < static_cast<size_t>(at + size)) return SQLITE_FULL;
  if (disk->Fails(disk->writes_a_failure_)) {
    Put(content, from, size / 2, at);
    return disk->random_() % 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  Put(content, from, size, at);
  return SQLITE_OK;
}

int CrashDisk::Truncate(sqlite3_file* file, sqlite3_int64 size) {
  Content* content = Of(file)->content;
  if (!Of(file)->disk->Alive()) return SQLITE_IOERR_TRUNCATE;
  content->cached.resize(size);
  content->dirty.resize((size + kSector - 1) / kSector);
  return SQLITE_OK;
}

int CrashDisk::Sync(sqlite3_file* file, int) {
  CrashDisk* disk = Of(file)->disk;
  Content* content = Of(file)->content;
  if (!disk->Alive()) return SQLITE_IOERR_FSYNC;
  const bool fails = disk->fail_syncs_ || disk->Fails(disk->syncs_a_failure_);
  if (!fails) disk->durable_names_[Of(file)->name] = disk->names_[Of(file)->name];
  if (!fails) content->durable.resize(content->cached.size());
  for (uint64_t sector = 0; sector < content->dirty.size(); ++sector) {
    if (!content->dirty[sector]) continue;
    content->dirty[sector] = false;
    const uint64_t at = sector * kSector;
    if (fails && disk->random_() % 2) continue;  // lost, though the cache shows it
    const size_t size = std::min<size_t>(kSector, content->cached.size() - at);
    if (content->durable.size() < at + size) content->durable.resize(at + size);
    memcpy(content->durable.data() + at, content->cached.data() + at, size);
  }
  return fails ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

int CrashDisk::Size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(Of(file)->content->cached.size());
  return SQLITE_OK;
}

void CrashDisk::Kill() {
  operations_left_ = UINT64_MAX;
  opened_.clear();
  for (const auto& [name, content] : names_) opened_.push_back(content);
}

void CrashDisk::LosePower() {
  Names left;
  for (const Names* names : {&names_, &durable_names_}) {
    for (const auto& [name, unused] : *names) {
      if (left.count(name)) continue;
      const Names& chosen = random_() % 2 ? names_ : durable_names_;
      auto content = chosen.find(name);
      if (content != chosen.end()) left[name] = content->second;
    }
  }
  for (const auto& [name, content] : left) LosePower(content.get());
  names_ = durable_names_ = left;
  Kill();
}

void CrashDisk::LosePower(Content* content) {
  std::string left = content->durable;
  // A file that was made shorter may have its old end again.
  if (content->cached.size() < left.size() && random_() % 2) left.resize(content->cached.size());
  for (uint64_t sector = 0; sector < content->dirty.size(); ++sector) {
    if (!content->dirty[sector]) continue;
    const uint64_t at = sector * kSector;
    const size_t size = std::min<size_t>(kSector, content->cached.size() - at);
    const uint64_t fate = random_() % 4;
    if (fate == 0) continue;  // dropped
    // Whole, or torn: its beginning is new.
    const size_t kept = fate == 1 ? random_() % (size + 1) : size;
    if (left.size() < at + kept) left.resize(at + kept);
    memcpy(left.data() + at, content->cached.data() + at, kept);
  }
  content->cached = content->durable = left;
  content->dirty.assign((left.size() + kSector - 1) / kSector, false);
}

void CrashDisk::FlipBit(const std::string& name, uint64_t byte) {
  Content& content = *names_.at(name);
  content.cached.at(byte) ^= 1;
  content.durable.at(byte) ^= 1;
}

uint64_t CrashDisk::size(const std::string& name) const { return names_.at(name)->cached.size(); }
uint64_t CrashDisk::largest(const std::string& name) const { return names_.at(name)->largest; }

}  // namespace pumasi
