// Does what a Hosting wishes to have logged (LogWish): for whoever drives it.
#ifndef PUMASI_SERVER_LOG_WRITER_H_
#define PUMASI_SERVER_LOG_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "common/checkpoint/push_log.h"
#include "common/file.h"
#include "server/hosting_effects.h"
#include "server/snapshot.h"

namespace pumasi {

// Of one Hosting, for as long as it lives. Not thread-safe. Each wish: Write, and if that is ok Sync; then
// Hosting::Logged with the status. After an error of either the wish's records count as lost, and the next wish goes to
// a file of its own: what a failed write or sync left behind is never added to. No file is ever overwritten.
class LogWriter {
 public:
  // `find` is asked for each new file's folder; empty: it is a path. `files` has to outlive the writer.
  explicit LogWriter(Files& files, FindFolder find = nullptr) : files_(files), find_(std::move(find)) {}

  // Makes files (which waits for the disk) and writes. A file that records of a later one follow is synced here.
  absl::Status Write(const LogWish& wish);
  // What the last Write wrote is on the disk.
  absl::Status Sync();

 private:
  absl::Status WritePart(const LogWish& wish, const LogWish::Part& part);
  absl::Status Open(const LogWish& wish, uint64_t first_version);

  Files& files_;
  const FindFolder find_;
  std::unique_ptr<PushLogWriter> file_;  // nullptr: the next records begin one
  // What file_ was opened for.
  std::string folder_, writer_;
  uint64_t first_version_ = 0;
  uint64_t opened_ = 0;  // files so far: part of their names
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_LOG_WRITER_H_
