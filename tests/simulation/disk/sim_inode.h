// What a simulated disk keeps: for each file and folder what programs see, what is on the platters, and what of the
// first is not yet in the second. A crash keeps any part of that.
#ifndef PUMASI_TESTS_SIMULATION_DISK_SIM_INODE_H_
#define PUMASI_TESTS_SIMULATION_DISK_SIM_INODE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/simulation/random.h"

namespace pumasi::sim {

// The unit that a disk writes whole or not at all.
inline constexpr uint64_t kSectorBytes = 512;

// The bytes of a file.
class SimContents {
 public:
  const std::string& seen() const { return seen_; }
  void Append(absl::string_view data);
  void Clear();
  void Sync();
  // As Linux after an error of fsync: some sectors were written, the others never will be, though they are still seen
  // and a later Sync says nothing.
  void FailSync(Random& random);
  // Each sector that was not synced is there or not; the size is the old one, the new one or one in between, and after
  // Clear any from 0 on.
  void Crash(Random& random);
  // On the platters and in the cache.
  void FlipBit(uint64_t bit);

 private:
  // Writes the sector to the platters, as far as it is within the file there.
  void WriteSector(uint64_t sector);

  std::string seen_, disk_;
  std::vector<uint64_t> unsynced_;  // sectors, ascending
  bool cleared_ = false;            // and this has not reached the platters
};

struct SimInode;
using SimInodePtr = std::shared_ptr<SimInode>;

// The names in a folder. Changes reach the platters in their order, each whole.
class SimNames {
 public:
  // What names stand for from then on; null: nothing.
  using Change = std::vector<std::pair<std::string, SimInodePtr>>;

  const std::map<std::string, SimInodePtr>& seen() const { return seen_; }
  SimInodePtr Find(const std::string& name) const;
  void Apply(Change change);
  void Sync();
  // The first changes were written, the others never will be.
  void FailSync(Random& random);
  // The first changes since the last sync are there, any number of them.
  void Crash(Random& random);

 private:
  static void ApplyTo(const Change& change, std::map<std::string, SimInodePtr>* names);
  void WriteFirst(uint64_t changes);

  std::map<std::string, SimInodePtr> seen_, disk_;
  std::vector<Change> unsynced_;
};

struct SimInode {
  bool folder = false;
  SimContents contents;
  SimNames names;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_DISK_SIM_INODE_H_
