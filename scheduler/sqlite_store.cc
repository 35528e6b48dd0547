#include "scheduler/sqlite_store.h"

#include <string.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/failpoint.h"

namespace pumasi {
namespace {

constexpr int kApplication = 0x50756d61;  // "Puma"
constexpr int kSchemaVersion = 1;
constexpr uint64_t kRefuseAtLogs = 64;
constexpr int kCopyBytes = 1 << 16;

uint32_t EntryCrc(absl::string_view key, absl::string_view value) { return Crc32c(value, Crc32c(key)); }

absl::StatusCode CodeOfSqlite(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_IOERR:
      return absl::StatusCode::kUnavailable;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_TOOBIG:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::string_view Column(sqlite3_stmt* row, int column) {
  // The pointer first: asking for the size may convert. No pointer: no bytes.
  const void* bytes = sqlite3_column_blob(row, column);
  const size_t size = sqlite3_column_bytes(row, column);
  return bytes == nullptr ? absl::string_view() : absl::string_view(static_cast<const char*>(bytes), size);
}

// The least string greater than all that start with `prefix`; empty if there is none.
std::string EndOfPrefix(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace

absl::Status SqliteStore::Error(int code) const {
  std::string message = absl::StrCat(options_.path, ": ");
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      absl::StrAppend(&message,
                      "another process, probably another scheduler, has this database open; end it, or set "
                      "`store` to a database of its own");
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      absl::StrAppend(&message, "the database is damaged, or is none (", sqlite3_errmsg(database_),
                      "); put a copy in its place, or move it and its -wal file away to start without its jobs");
      break;
    case SQLITE_FULL:
      absl::StrAppend(&message, "no space: the disk is full, or the database has its ", options_.max_bytes, " bytes");
      break;
    case SQLITE_CANTOPEN:
      absl::StrAppend(&message, "cannot be opened; its folder has to be there, and writable");
      break;
    default:
      absl::StrAppend(&message, sqlite3_errmsg(database_), " (SQLite error ", code, ")");
  }
  const int system = sqlite3_system_errno(database_);
  if (system != 0 && (code & 0xff) != SQLITE_BUSY) absl::StrAppend(&message, ": ", strerror(system));
  return absl::Status(CodeOfSqlite(code), message);
}

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const Options& options) {
  if (options.path.empty() || options.path[0] == ':') {  // SQLite's names for databases that are no files
    return absl::InvalidArgumentError(absl::StrCat("'", options.path, "' is no path of a database"));
  }
  std::unique_ptr<SqliteStore> store(new SqliteStore(options));
  absl::Status status = store->Connect();
  if (status.ok()) status = store->MakeOrCheckSchema();
  if (status.ok()) status = store->PrepareAll();
  if (!status.ok()) return status;
  return store;
}

SqliteStore::~SqliteStore() {
  for (Statement* statement : {&put_, &remove_, &mark_, &list_from_, &list_between_, &begin_, &commit_})
    statement->reset();
  // Closing copies the log, which must not be done with one that may be lost in part.
  if (log_doubtful_ && !BeginLogAnew().ok()) sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_close(database_);
}

absl::Status SqliteStore::Connect() {
  const int code =
      sqlite3_open_v2(options_.path.c_str(), &database_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                      options_.vfs.empty() ? nullptr : options_.vfs.c_str());
  if (code != SQLITE_OK) return Error(code);
  sqlite3_busy_timeout(database_, options_.busy_milliseconds);
  // With the lock held for good the log's index is in memory, and no file that is shared with others. EXTRA: also the
  // end of the journal with which a new database is made is on the disk before the log is.
  for (const char* pragma : {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA synchronous=EXTRA", "PRAGMA temp_store=MEMORY",
                             "PRAGMA trusted_schema=OFF", "PRAGMA cell_size_check=ON"}) {
    if (absl::Status status = Execute(pragma); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SqliteStore::MakeOrCheckSchema() {
  auto tables = Ask("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*tables == "0") {
    absl::Status made = Execute(absl::StrCat(
        "BEGIN EXCLUSIVE; CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL) "
        "WITHOUT ROWID; CREATE TABLE mark (id INTEGER PRIMARY KEY, count INTEGER NOT NULL); "
        "INSERT INTO mark VALUES (1, 0); PRAGMA application_id=",
        kApplication, "; PRAGMA user_version=", kSchemaVersion, "; COMMIT"));
    if (!made.ok()) return made;
  }
  auto application = Ask("PRAGMA application_id"), version = Ask("PRAGMA user_version");
  if (!application.ok()) return application.status();
  if (!version.ok()) return version.status();
  if (*application != absl::StrCat(kApplication)) {
    return absl::FailedPreconditionError(
        absl::StrCat(options_.path, ": a database of another program; set `store` to a file of its own"));
  }
  if (*version != absl::StrCat(kSchemaVersion)) {
    return absl::FailedPreconditionError(absl::StrCat(options_.path, ": a database of version ", *version,
                                                      "; this scheduler reads version ", kSchemaVersion));
  }
  auto mode = Ask("PRAGMA journal_mode=WAL");
  if (!mode.ok()) return mode.status();
  if (*mode != "wal") return absl::InternalError(absl::StrCat(options_.path, ": SQLite refuses WAL mode: ", *mode));
  auto sound = Ask("PRAGMA quick_check(1)");
  if (!sound.ok()) return sound.status();
  if (*sound != "ok") {
    return absl::DataLossError(absl::StrCat(options_.path, ": the database is damaged (", *sound,
                                            "); put a copy in its place, or move it and its -wal file away to start "
                                            "without its jobs"));
  }
  return absl::OkStatus();
}

absl::Status SqliteStore::PrepareAll() {
  auto page = Ask("PRAGMA page_size");
  if (!page.ok()) return page.status();
  page_bytes_ = std::max<uint64_t>(512, std::stoull(*page));
  copy_log_at_ = options_.max_log_bytes;
  sqlite3_wal_hook(
      database_,
      [](void* committed_pages, sqlite3*, const char*, int pages) {
        *static_cast<std::optional<int>*>(committed_pages) = pages;
        return SQLITE_OK;
      },
      &committed_pages_);
  const std::pair<const char*, Statement*> statements[] = {
      {"INSERT INTO entry VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = ?2, crc = ?3", &put_},
      {"DELETE FROM entry WHERE key = ?1", &remove_},
      {"SELECT key, value, crc FROM entry WHERE key >= ?1 ORDER BY key", &list_from_},
      {"SELECT key, value, crc FROM entry WHERE key >= ?1 AND key < ?2 ORDER BY key", &list_between_},
      {"UPDATE mark SET count = count + 1", &mark_},
      {"BEGIN IMMEDIATE", &begin_},
      {"COMMIT", &commit_}};
  for (const auto& [sql, statement] : statements) {
    if (absl::Status status = Prepare(sql, statement); !status.ok()) return status;
  }
  absl::Status status =
      Execute(absl::StrCat("PRAGMA max_page_count=", std::max<uint64_t>(1, options_.max_bytes / page_bytes_)));
  if (status.ok()) status = Execute(absl::StrCat("PRAGMA journal_size_limit=", options_.max_log_bytes));
  if (status.ok()) status = BeginLogAnew();
  return status;
}

absl::Status SqliteStore::Prepare(const char* sql, Statement* statement) {
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  statement->reset(made);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::Status SqliteStore::Run(const Statement& statement) {
  const int code = sqlite3_step(statement.get());
  absl::Status status = code == SQLITE_DONE ? absl::OkStatus() : Error(code);
  sqlite3_reset(statement.get());
  return status;
}

absl::Status SqliteStore::Execute(const std::string& sql) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<std::string> SqliteStore::Ask(const std::string& sql) {
  Statement statement;
  if (absl::Status status = Prepare(sql.c_str(), &statement); !status.ok()) return status;
  const int code = sqlite3_step(statement.get());
  if (code != SQLITE_ROW) return Error(code);
  return std::string(Column(statement.get(), 0));
}

absl::StatusOr<std::vector<StoreEntry>> SqliteStore::List(absl::string_view prefix) {
  const std::string end = EndOfPrefix(prefix);
  sqlite3_stmt* rows = (end.empty() ? list_from_ : list_between_).get();
  // Bound without a pointer a blob would be NULL, and no key is greater than that.
  sqlite3_bind_blob64(rows, 1, prefix.empty() ? "" : prefix.data(), prefix.size(), SQLITE_STATIC);
  if (!end.empty()) sqlite3_bind_blob64(rows, 2, end.data(), end.size(), SQLITE_STATIC);
  std::vector<StoreEntry> found;
  absl::Status status;
  int code;
  while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
    const absl::string_view key = Column(rows, 0), value = Column(rows, 1);
    if (sqlite3_column_int64(rows, 2) != EntryCrc(key, value)) {
      status = absl::DataLossError(
          absl::StrCat(options_.path, ": the entry '", absl::CHexEscape(key), "' is damaged: its checksum differs"));
      break;
    }
    found.push_back({std::string(key), std::string(value)});
  }
  if (code != SQLITE_DONE && status.ok()) status = Error(code);
  sqlite3_reset(rows);
  sqlite3_clear_bindings(rows);
  if (!status.ok()) return status;
  return found;
}

absl::Status SqliteStore::PutEntry(const std::string& key, const std::string& value) {
  sqlite3_bind_blob64(put_.get(), 1, key.data(), key.size(), SQLITE_STATIC);
  sqlite3_bind_blob64(put_.get(), 2, value.data(), value.size(), SQLITE_STATIC);
  sqlite3_bind_int64(put_.get(), 3, EntryCrc(key, value));
  absl::Status status = Run(put_);
  sqlite3_clear_bindings(put_.get());
  return status;
}

absl::Status SqliteStore::Write(const StoreBatch& batch, Durability durability, bool mark) {
  absl::Status status;
  if (durability_ != durability) {
    status = Execute(durability == Durability::kSynced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    if (!status.ok()) return status;
    durability_ = durability;
  }
  committed_pages_.reset();
  status = Run(begin_);
  if (status.ok() && mark) status = Run(mark_);
  for (const auto& [key, value] : batch.changes()) {
    if (!status.ok()) break;
    if (value.has_value()) {
      status = PutEntry(key, *value);
    } else {
      sqlite3_bind_blob64(remove_.get(), 1, key.data(), key.size(), SQLITE_STATIC);
      status = Run(remove_);
    }
  }
  return status.ok() ? Run(commit_) : status;
}

absl::Status SqliteStore::Commit(const StoreBatch& batch, Durability durability) {
  if (absl::Status status = CheckStoreBatch(batch); !status.ok()) return status;
  if (absl::Status status = PUMASI_FAILPOINT("scheduler.commit.begun"); !status.ok()) return status;
  if (log_doubtful_) {
    if (absl::Status status = BeginLogAnew(); !status.ok()) return status;
  }
  if (log_pages_ * page_bytes_ > kRefuseAtLogs * options_.max_log_bytes) {
    if (absl::Status status = CopyLog(SQLITE_CHECKPOINT_PASSIVE); !status.ok()) return status;
  }
  absl::Status status = Write(batch, durability, /*mark=*/false);
  // Who changes nothing writes nothing, so the log was not synced.
  if (status.ok() && !committed_pages_.has_value() && durability == Durability::kSynced) {
    status = Write(StoreBatch(), durability, /*mark=*/true);
  }
  if (!status.ok()) {
    log_doubtful_ = true;
    // Many failures have rolled back already. Rolling back writes nothing, and cannot fail.
    if (sqlite3_get_autocommit(database_) == 0) (void)Execute("ROLLBACK");
    return status;
  }
  if (committed_pages_.has_value()) log_pages_ = *committed_pages_;
  // The commit is made, whatever becomes of the copy.
  if (log_pages_ * page_bytes_ > copy_log_at_) (void)CopyLog(SQLITE_CHECKPOINT_PASSIVE);
  return PUMASI_FAILPOINT("scheduler.commit.done");
}

absl::Status SqliteStore::CopyLog(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(database_, "main", mode, nullptr, nullptr);
  if (code != SQLITE_OK) {
    log_doubtful_ = true;
    copy_log_at_ = log_pages_ * page_bytes_ + options_.max_log_bytes;
    return Error(code);
  }
  log_pages_ = 0;
  copy_log_at_ = options_.max_log_bytes;
  return absl::OkStatus();
}

absl::Status SqliteStore::RewriteLog() {
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(database_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || log == nullptr ||
      log->pMethods == nullptr) {
    return absl::InternalError(absl::StrCat(options_.path, ": the log is not open"));
  }
  sqlite3_int64 size = 0;
  int code = log->pMethods->xFileSize(log, &size);
  std::string bytes(kCopyBytes, '\0');
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += kCopyBytes) {
    const int count = static_cast<int>(std::min<sqlite3_int64>(kCopyBytes, size - at));
    code = log->pMethods->xRead(log, bytes.data(), count, at);
    if (code == SQLITE_OK) code = log->pMethods->xWrite(log, bytes.data(), count, at);
  }
  if (code == SQLITE_OK) code = log->pMethods->xSync(log, SQLITE_SYNC_FULL);
  if (code != SQLITE_OK) {
    return absl::Status(
        CodeOfSqlite(code),
        absl::StrCat(options_.path, "-wal: cannot be written anew after a failure: ", sqlite3_errstr(code)));
  }
  return absl::OkStatus();
}

absl::Status SqliteStore::BeginLogAnew() {
  absl::Status status = RewriteLog();
  if (status.ok()) status = CopyLog(SQLITE_CHECKPOINT_TRUNCATE);
  log_doubtful_ = !status.ok();
  return status;
}

}  // namespace pumasi
