// The store as an SQLite database, in one file with its log (FILE-wal) beside it.
//
// The database is held exclusively, by a lock of the operating system that ends with the process: a second scheduler on
// it is refused. The file has to lie on a disk of this machine, not on a network's.
//
// One connection in WAL mode. kSynced is synchronous=FULL, kOrdered is synchronous=NORMAL: the log's checksums are
// chained, so what is left of it after a power loss is a beginning. Each entry has a checksum (CRC32C of key and
// value).
//
// After any failure, and at the start, the log is written over itself, copied into the database and begun anew before
// anything is built on it, for two reasons. After a failed fsync the kernel takes for written what it lost (Rebello et
// al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020). And what a failed commit left in the log must
// not follow what is written over its beginning: the log's checksum is a sum of words, which two first pages can have
// in common. That a write which is cut short leaves the other bytes alone is assumed, as SQLite does on Unix.
#ifndef PUMASI_SCHEDULER_SQLITE_STORE_H_
#define PUMASI_SCHEDULER_SQLITE_STORE_H_

#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/store.h"

namespace pumasi {

// Not thread-safe.
class SqliteStore : public Store {
 public:
  struct Options {
    std::string path;  // made if it is not there; its folder has to be
    // The database grows no larger; commits are then refused (ResourceExhausted).
    uint64_t max_bytes = uint64_t{64} << 30;
    // A log longer than this is copied into the database, and begins anew. It can be longer by one commit; and where
    // copying fails by a factor of 64, from which on commits are refused.
    uint64_t max_log_bytes = 4 << 20;
    std::string vfs;  // SQLite's way to the disk; empty: its default
    // How long another process that ends may still hold the database.
    int busy_milliseconds = 2000;
  };
  // Reads the whole database once, to see whether it is sound. FailedPrecondition: another process holds it, it is not
  // a database of ours, or one of a newer version. DataLoss: it is damaged. Messages name the file.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const Options& options);
  ~SqliteStore() override;

  absl::StatusOr<std::vector<StoreEntry>> List(absl::string_view prefix) override;
  absl::Status Commit(const StoreBatch& batch, Durability durability) override;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit SqliteStore(const Options& options) : options_(options) {}
  absl::Status Connect();
  absl::Status MakeOrCheckSchema();
  absl::Status PrepareAll();
  absl::Status Prepare(const char* sql, Statement* statement);
  // Runs it to its end and resets it.
  absl::Status Run(const Statement& statement);
  absl::Status Execute(const std::string& sql);
  // The first column of the only row.
  absl::StatusOr<std::string> Ask(const std::string& sql);
  // `mark`: writes to the log even if the batch changes nothing.
  absl::Status Write(const StoreBatch& batch, Durability durability, bool mark);
  absl::Status PutEntry(const std::string& key, const std::string& value);
  // Copies the log into the database; the next commit begins it anew. `mode`: SQLITE_CHECKPOINT_PASSIVE or _TRUNCATE.
  absl::Status CopyLog(int mode);
  absl::Status RewriteLog();
  absl::Status BeginLogAnew();
  // The connection's last error, as a status that names the file.
  absl::Status Error(int code) const;

  const Options options_;
  sqlite3* database_ = nullptr;
  Statement put_, remove_, mark_, list_from_, list_between_, begin_, commit_;
  std::optional<Durability> durability_;  // that the connection is set to
  uint64_t page_bytes_ = 0;
  std::optional<int> committed_pages_;  // of the log after the commit in progress; none if it wrote nothing
  int log_pages_ = 0;                   // that are not in the database yet
  uint64_t copy_log_at_ = 0;            // bytes of the log
  bool log_doubtful_ = false;  // something failed since the log was last known to be on the disk as it was written
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_SQLITE_STORE_H_
