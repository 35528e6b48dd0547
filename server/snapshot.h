// A shard file that is written while its slots are changed by pushes: in turns, a little is copied out under the lock
// that pushes hold, too, and written without it.
#ifndef PUMASI_SERVER_SNAPSHOT_H_
#define PUMASI_SERVER_SNAPSHOT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/checkpoint/shard_writer.h"
#include "common/file.h"
#include "server/slot.h"

namespace pumasi {

// Turns a folder that an assignment names into a path of this machine, or refuses it.
using FindFolder = std::function<absl::StatusOr<std::string>(const std::string& named)>;

// Until done(): Copy, Write, Copy, Write, ... An error of Write is final. Not thread-safe, except as said below.
class Snapshot {
 public:
  struct Target {
    std::string output;  // the job's folder, as the assignment names it
    std::string folder;  // of the checkpoint, in it
    std::string file;    // in it
    v1::Progress progress;
    uint64_t since = 0;  // 0: all rows
    uint64_t layout_epoch = 0;
    // Given up rather than that the memory limit is passed. (What changes meanwhile never passes it.)
    bool may_be_given_up = true;
  };
  // All slots are cut at progress.version() now (Slot::BeginCut); EndCuts ends that.
  Snapshot(Target target, std::shared_ptr<const ParameterShape> shape, std::vector<std::shared_ptr<Slot>> slots);

  // With the lock under which slots change: copies about `budget` bytes; the time it takes is about that of a memcpy.
  void Copy(size_t budget = kSlice);
  // Without the lock: makes folder and file, sorts, writes what was copied; the last call syncs. Cancelled: abandoned.
  // `find` is asked once, for target().output; empty: it is a path.
  absl::Status Write(Files& files, const FindFolder& find = nullptr);
  bool done() const { return stage_ == Stage::kDone; }
  // REQUIRES: done().
  const ShardFileInfo& info() const { return info_; }

  const Target& target() const { return target_; }

  // With the lock: ends the cuts, and the Write after the next Copy returns `why`. So it does by itself where the
  // memory limit leaves no room for what has to be kept (ResourceExhausted).
  void GiveUp(absl::Status why);
  // Nobody wants the file any more: GiveUp with Cancelled.
  void Abandon();
  // With the lock: slots need keep nothing any more.
  void EndCuts();

  // Of a copy: less than a millisecond.
  static constexpr size_t kSlice = 1 << 20;

 private:
  // A section is a table's share of one slot. Rows: kList [lock], kSort, then kCopy [lock], kWrite until all are
  // written. Dense chunks begin with kCopy.
  enum class Stage { kList, kSort, kCopy, kWrite, kFinish, kDone };
  struct Section {
    uint32_t table;
    size_t slot;  // in slots_
  };
  // A row or chunk of the section that is being written.
  struct Entry {
    uint64_t id;      // of the row, or the chunk's number
    uint32_t number;  // of the row in its table, or of the chunk in its slot
  };
  void ListRows(size_t budget);
  void CopySome(size_t budget);
  void CopyRows(size_t budget);
  void CopyDense(size_t budget);
  absl::Status NoRoom() const;
  void NextSection();
  absl::Status OpenFile(Files& files, const FindFolder& find);
  absl::Status WriteCopied();
  const Section& section() const { return sections_[section_]; }
  Slot& slot() { return *slots_[section().slot]; }

  const Target target_;
  const std::shared_ptr<const ParameterShape> shape_;
  const std::vector<std::shared_ptr<Slot>> slots_;
  std::vector<Section> sections_;
  size_t section_ = 0;
  Stage stage_ = Stage::kFinish;
  absl::Status problem_;        // with the lock: given up
  absl::Status stopped_;        // problem_, as of the last Copy
  size_t listed_ = 0;           // rows of the section that were looked at
  std::vector<Entry> entries_;  // of the section, ascending once they are sorted
  size_t written_ = 0;          // entries in the file
  size_t copied_ = 0;           // entries copied out
  std::vector<uint64_t> last_steps_;
  std::vector<float> floats_;  // of the entries that are copied and not yet written
  CountedBytes held_;          // what entries_ and the two below it take
  std::unique_ptr<ShardWriter> writer_;
  ShardFileInfo info_;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SNAPSHOT_H_
