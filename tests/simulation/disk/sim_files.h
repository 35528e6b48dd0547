// A disk in memory, with a page cache that a crash loses, torn writes, syncs that fail, no space, errors and flipped
// bits on reading. Everything that chance decides comes from one random stream: the same calls give the same disk.
#ifndef PUMASI_TESTS_SIMULATION_DISK_SIM_FILES_H_
#define PUMASI_TESTS_SIMULATION_DISK_SIM_FILES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "tests/simulation/disk/sim_inode.h"
#include "tests/simulation/random.h"

namespace pumasi::sim {

// What goes wrong, and how often: chances in [0, 1]. May be changed at any time.
struct DiskFaults {
  // A sync of a file or folder reports an error. What it should have written may be lost at a crash; the next sync
  // reports no error, and does not write it either.
  double fail_sync = 0;
  // Opening a file to read it, or reading, reports an error of the device.
  double fail_read = 0;
  // What is read, or mapped, has one bit flipped; that on the disk does not.
  double flip_read = 0;
  // All bytes that files may have together; a write that does not fit writes what fits and fails. 0: no bound.
  uint64_t capacity = 0;
  // Links and exchanges are Unimplemented.
  bool no_links = false;
  bool no_exchange = false;
};

// Not thread-safe: a simulation has one thread. Paths are taken from the root, whether they begin with "/" or not;
// there are no symbolic links. What was opened before a crash fails after it, what was mapped stays as it was.
class SimFiles : public Files {
 public:
  explicit SimFiles(Random random);

  DiskFaults faults;

  // The power fails: what was synced is there, of the rest any part that a disk may leave. Ends what StopAfter began.
  void Crash();
  // After so many further operations that change the disk (syncs count) all operations fail, until Crash: as seen by a
  // program that dies at this place.
  void StopAfter(uint64_t operations);
  bool stopped() const { return operations_ >= stop_at_; }
  // Ends what StopAfter began: the program died, the machine did not.
  void GoOn() { stop_at_ = ~uint64_t{0}; }
  // Operations that changed the disk so far.
  uint64_t operations() const { return operations_; }
  // On the platters: it stays. REQUIRES: there is such a file.
  void FlipBit(const std::string& path, uint64_t bit);

  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<MappedFile>> OpenMapped(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path, CreateOptions options = {}) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& from, const std::string& to) override;
  absl::Status Exchange(const std::string& a, const std::string& b) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status RemoveFolder(const std::string& path) override;
  absl::Status MakeFolder(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) override;
  absl::Status SyncFile(const std::string& path) override;
  absl::Status SyncFolder(const std::string& folder) override;
  absl::StatusOr<bool> Exists(const std::string& path) override;

 private:
  class Writable;
  class Readable;
  class Mapped;
  // A name and the folder that it is, or could be, in.
  struct Place {
    SimInodePtr folder;
    std::string name;
    SimInodePtr inode;  // null: nothing of this name
  };

  // Unavailable once stopped; counts an operation if it `changes` the disk.
  absl::Status Step(const std::string& path, bool changes);
  // NotFound if the folder above is missing.
  absl::StatusOr<Place> Find(const std::string& path) const;
  // The contents, as a program reads them now.
  absl::StatusOr<SimInodePtr> FindFile(const std::string& path);
  absl::Status ReadFault(const std::string& path);
  void MaybeFlip(char* data, uint64_t size);
  absl::Status Sync(const std::string& path, SimInode& file);
  uint64_t BytesUsed() const;

  Random random_;
  SimInodePtr root_;
  uint64_t operations_ = 0;
  uint64_t stop_at_ = ~uint64_t{0};
  uint64_t crashes_ = 0;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_DISK_SIM_FILES_H_
