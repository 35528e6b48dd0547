// A disk that SQLite writes to, in memory, which tells what is on the platters from what is only in the kernel's cache:
// a power loss drops, keeps or tears each sector that was not synced. As SQLite assumes of real ones, a torn sector is
// old where the write did not reach.
#ifndef PUMASI_TESTS_SCHEDULER_CRASH_DISK_H_
#define PUMASI_TESTS_SCHEDULER_CRASH_DISK_H_

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace pumasi {

// Registered with SQLite under vfs() as long as it lives. Not thread-safe.
class CrashDisk {
 public:
  static constexpr int kSector = 512;

  explicit CrashDisk(uint64_t seed);
  ~CrashDisk();
  const char* vfs() const { return vfs_.zName; }

  // From the n-th operation that changes the disk on, the process is dead: nothing has an effect any more.
  void DieAt(uint64_t operations) { operations_left_ = operations; }
  bool dead() const { return operations_left_ == 0; }
  // One write in so many fails, half done, as on a full disk or a bad one; and one sync in so many, as the kernel's do:
  // what was not written is taken for written from then on. 0: none fails.
  void FailOneIn(uint32_t writes, uint32_t syncs) {
    writes_a_failure_ = writes;
    syncs_a_failure_ = syncs;
  }
  // Every sync fails, and does not.
  void FailSyncs(bool fail) { fail_syncs_ = fail; }
  // Every write that makes a file longer fails for want of space, and does not.
  void Fill(bool full) { full_ = full; }

  // The process is gone: the cache stays.
  void Kill();
  // The machine is gone: the cache, too.
  void LosePower();

  // Changes a bit.
  void FlipBit(const std::string& name, uint64_t byte);
  uint64_t size(const std::string& name) const;
  uint64_t largest(const std::string& name) const;  // that the file ever was

 private:
  struct Content {
    std::string cached, durable;
    std::vector<bool> dirty;  // by sector
    uint64_t largest = 0;
  };
  struct File {
    sqlite3_file base;  // first: SQLite sees this
    CrashDisk* disk;
    Content* content;
    const char* name;  // SQLite's own, which lives as long as the file
  };
  using Names = std::map<std::string, std::shared_ptr<Content>>;

  static File* Of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static CrashDisk* Of(sqlite3_vfs* vfs) { return static_cast<CrashDisk*>(vfs->pAppData); }
  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_folder);
  static int Access(sqlite3_vfs* vfs, const char* name, int flags, int* result);
  static int FullPath(sqlite3_vfs* vfs, const char* name, int size, char* out);
  static int Randomness(sqlite3_vfs* vfs, int size, char* out);
  static int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 at);
  static int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at);
  static int Truncate(sqlite3_file* file, sqlite3_int64 size);
  static int Sync(sqlite3_file* file, int flags);
  static int Size(sqlite3_file* file, sqlite3_int64* size);

  // Counts an operation; false: the process died before it.
  bool Alive();
  bool Fails(uint32_t one_in) { return one_in > 0 && random_() % one_in == 0; }
  static void Put(Content* content, const void* from, size_t size, uint64_t at);
  void LosePower(Content* content);

  std::mt19937_64 random_;
  std::string name_;
  sqlite3_vfs vfs_ = {};
  Names names_, durable_names_;
  std::vector<std::shared_ptr<Content>> opened_;  // kept: SQLite may have them open
  uint64_t operations_left_ = UINT64_MAX;
  uint32_t writes_a_failure_ = 0, syncs_a_failure_ = 0;
  bool fail_syncs_ = false;
  bool full_ = false;
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_SCHEDULER_CRASH_DISK_H_
