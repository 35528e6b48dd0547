#include "scheduler/log_folder.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/checkpoint/push_log.h"
#include "common/file.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

// A file that begins at `first` and holds a batch of each of `slots` slots up to `end`.
void WriteLog(const std::string& folder, uint64_t first, uint64_t end, uint32_t slots, const std::string& writer) {
  auto log = PushLogWriter::Create(RealFiles(), folder, first, writer);
  REQUIRE(log.ok());
  std::string records;
  for (uint64_t version = first; version < end; ++version) {
    for (uint32_t slot = 0; slot < slots; ++slot) AppendRecord({version, slot, {}, {}}, &records);
  }
  REQUIRE((*log)->Write(records).ok());
  REQUIRE((*log)->Sync().ok());
}

TEST_CASE("A log ends with the slot of which it has least") {
  TempFolder temp;
  const std::string folder = temp / "log";
  CHECK(*EndOfLog(RealFiles(), {1, folder, 10, 2}) == 10);
  WriteLog(folder, 10, 14, 2, "a");
  CHECK(*EndOfLog(RealFiles(), {1, folder, 10, 2}) == 14);
  CHECK(*EndOfLog(RealFiles(), {1, folder, 10, 3}) == 10);
  WriteLog(folder, 10, 12, 3, "b");
  CHECK(*EndOfLog(RealFiles(), {1, folder, 10, 3}) == 12);
}

TEST_CASE("After a checkpoint the log begins where the checkpoint is; after the model there is none") {
  TempFolder temp;
  const std::string folder = temp / "log";
  for (const uint64_t first : {0, 10, 20}) WriteLog(folder, first, first + 10, 1, "a");
  JobRun::FinishCheckpoint checkpoint;
  checkpoint.manifest.mutable_job()->mutable_checkpoint()->set_every_batches(10);
  // Between two files: the one that it lies in stays.
  checkpoint.manifest.mutable_progress()->set_version(25);
  TrimLog(RealFiles(), checkpoint);
  CHECK(RealFiles().List(folder)->size() == 3);
  checkpoint.log = folder;
  TrimLog(RealFiles(), checkpoint);
  CHECK(RealFiles().List(folder)->size() == 1);
  CHECK(*EndOfLog(RealFiles(), {1, folder, 20, 1}) == 30);
  checkpoint.final = true;
  TrimLog(RealFiles(), checkpoint);
  CHECK_FALSE(*RealFiles().Exists(folder));
}

}  // namespace
}  // namespace pumasi
