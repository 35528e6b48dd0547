#include "common/checkpoint/push_log.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/checkpoint/failing_files.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

struct OneSlot {
  uint32_t slot = 3;
  std::vector<uint64_t> ids{2, 5, 11};
  std::vector<float> rows{1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<float> chunk{0.5f, -0.5f, 0.25f};

  LoggedBatch At(uint64_t version) const {
    LoggedBatch batch{version, slot, {}, {}};
    batch.rows.push_back({0, 3, ids.size(), ids.data(), rows.data()});
    batch.dense.push_back({1, 4, chunk.size(), chunk.data()});
    return batch;
  }
};

void WriteLog(const std::string& folder, const std::vector<LoggedBatch>& batches, uint64_t first = 0,
              const std::string& writer = "a") {
  auto log = PushLogWriter::Create(RealFiles(), folder, first, writer);
  REQUIRE(log.ok());
  std::string records;
  for (const LoggedBatch& batch : batches) AppendRecord(batch, &records);
  REQUIRE((*log)->Write(records).ok());
  REQUIRE((*log)->Sync().ok());
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

void Overwrite(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << contents;
}

}  // namespace

TEST_CASE("a log gives back what was written, whichever file it is in") {
  TempFolder folder;
  const OneSlot three, four{4};
  WriteLog(folder.path(), {three.At(7), four.At(7), three.At(8)}, 7, "a");
  WriteLog(folder.path(), {three.At(9), three.At(8)}, 8, "b");
  auto log = PushLog::Open(RealFiles(), folder.path());
  REQUIRE(log.ok());
  CHECK((*log)->records() == 4);
  CHECK((*log)->EndOf(3, 7) == 10);
  CHECK((*log)->EndOf(4, 7) == 8);
  CHECK((*log)->EndOf(3, 6) == 6);
  auto batch = (*log)->Find(3, 9);
  REQUIRE(batch.ok());
  REQUIRE(batch->rows.size() == 1);
  CHECK(std::vector<uint64_t>(batch->rows[0].ids, batch->rows[0].ids + 3) == three.ids);
  CHECK(std::vector<float>(batch->rows[0].values, batch->rows[0].values + 9) == three.rows);
  REQUIRE(batch->dense.size() == 1);
  CHECK(batch->dense[0].chunk == 4);
  CHECK(std::vector<float>(batch->dense[0].values, batch->dense[0].values + 3) == three.chunk);
  CHECK(absl::IsNotFound((*log)->Find(4, 8).status()));
}

TEST_CASE("what was read is made durable, file by file, or it is said that it could not be") {
  TempFolder folder;
  WriteLog(folder.path(), {OneSlot().At(7)}, 7, "a");
  WriteLog(folder.path(), {OneSlot().At(8)}, 8, "b");
  FailingFiles files;
  auto log = PushLog::Open(files, folder.path());
  REQUIRE(log.ok());
  REQUIRE((*log)->Sync(files).ok());
  REQUIRE((*log)->Sync(RealFiles()).ok());
  const std::vector<std::string> synced = {"sync " + folder.path() + "/log-000000007-a",
                                           "sync " + folder.path() + "/log-000000008-b"};
  CHECK(files.done == synced);
  files.fail_at = 3;
  CHECK(absl::IsResourceExhausted((*log)->Sync(files)));
}

TEST_CASE("a folder that is not there is an empty log") {
  TempFolder folder;
  auto log = PushLog::Open(RealFiles(), folder.path() + "/none");
  REQUIRE(log.ok());
  CHECK((*log)->EndOf(0, 5) == 5);
  CHECK(RemoveLogBefore(RealFiles(), folder.path() + "/none", 3).ok());
}

TEST_CASE("wherever a log is cut off or damaged, the records before that are there and none after it") {
  TempFolder folder;
  const OneSlot slot;
  WriteLog(folder.path(), {slot.At(0), slot.At(1), slot.At(2)});
  const std::string path = folder.path() + "/log-000000000-a", whole = Contents(path);
  const size_t record = (whole.size() - 8) / 3;
  for (size_t size = 0; size <= whole.size(); ++size) {
    Overwrite(path, whole.substr(0, size));
    auto log = PushLog::Open(RealFiles(), folder.path());
    REQUIRE(log.ok());
    CAPTURE(size);
    CHECK((*log)->EndOf(3, 0) == (size < 8 ? 0 : (size - 8) / record));
  }
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    Overwrite(path, damaged);
    auto log = PushLog::Open(RealFiles(), folder.path());
    REQUIRE(log.ok());
    CAPTURE(bit);
    CHECK((*log)->EndOf(3, 0) == (bit < 64 ? 0 : (bit / 8 - 8) / record));
  }
}

TEST_CASE("files from before a checkpoint are removed, later ones stay") {
  TempFolder folder;
  const OneSlot slot;
  WriteLog(folder.path(), {slot.At(0)}, 0);
  WriteLog(folder.path(), {slot.At(1)}, 1);
  WriteLog(folder.path(), {slot.At(2)}, 2);
  REQUIRE(RemoveLogBefore(RealFiles(), folder.path(), 2).ok());
  auto log = PushLog::Open(RealFiles(), folder.path());
  REQUIRE(log.ok());
  CHECK((*log)->records() == 1);
  CHECK((*log)->EndOf(3, 2) == 3);
}

}  // namespace pumasi
