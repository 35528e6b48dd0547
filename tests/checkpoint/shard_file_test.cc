#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "common/checkpoint/shard_format.h"
#include "common/checkpoint/shard_reader.h"
#include "common/checkpoint/shard_writer.h"
#include "tests/checkpoint/failing_files.h"
#include "tests/checkpoint/small_checkpoint.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

constexpr uint32_t kRowFloats = 64;

std::vector<float> StateOf(uint64_t id) {
  std::vector<float> state(kRowFloats);
  for (uint32_t i = 0; i < kRowFloats; ++i) state[i] = static_cast<float>(id * 100 + i);
  return state;
}

// One section of `rows` rows (ids 5, 10, 15, ...) and one with two dense chunks.
void WriteFile(const std::string& path, uint64_t rows) {
  FailingFiles disk;
  auto writer = *ShardWriter::Create(disk, path);
  REQUIRE(writer->BeginSection(0, 3).ok());
  for (uint64_t row = 1; row <= rows; ++row) {
    REQUIRE(writer->AddRow(row * 5, row, StateOf(row * 5).data(), kRowFloats).ok());
  }
  REQUIRE(writer->BeginSection(1, 2).ok());
  REQUIRE(writer->AddDense(2, std::vector<float>{1, 2, 3, 4}.data(), 2, 4).ok());
  REQUIRE(writer->AddDense(7, std::vector<float>{5, 6}.data(), 1, 2).ok());
  v1::Progress progress;
  progress.set_version(77);
  REQUIRE(writer->Finish(progress).ok());
}

// Opens the file and visits everything in it.
absl::Status ReadAll(const std::string& path) {
  auto reader = ShardReader::Open(RealFiles(), path);
  if (!reader.ok()) return reader.status();
  if ((*reader)->index().sections_size() != 2) return absl::DataLossError("sections are missing");
  absl::Status rows =
      (*reader)->VisitRows((*reader)->index().sections(0), kRowFloats, [](uint64_t, uint64_t, const char*) {});
  if (!rows.ok()) return rows;
  return (*reader)->VisitDense((*reader)->index().sections(1), 2, [](uint32_t, uint32_t, const char*) {});
}

TEST_CASE("What was written is read back, over several chunks of rows") {
  TempFolder folder;
  constexpr uint64_t kRows = 10000;  // 2.5 MB: three chunks
  WriteFile(folder / "shard", kRows);
  auto reader = *ShardReader::Open(RealFiles(), folder / "shard");
  CHECK(reader->index().progress().version() == 77);
  REQUIRE(reader->index().sections_size() == 2);
  const auto& rows = reader->index().sections(0);
  CHECK(rows.table() == 0);
  CHECK(rows.slot() == 3);
  CHECK(rows.chunks() == 3);
  CHECK(rows.count() == kRows);
  uint64_t next = 1;
  bool same = true;
  REQUIRE(reader
              ->VisitRows(rows, kRowFloats,
                          [&](uint64_t id, uint64_t last_step, const char* state) {
                            same = same && id == next * 5 && last_step == next &&
                                   std::memcmp(state, StateOf(id).data(), kRowFloats * sizeof(float)) == 0;
                            ++next;
                          })
              .ok());
  CHECK(same);
  CHECK(next == kRows + 1);
  std::vector<std::vector<float>> chunks;
  std::vector<uint32_t> numbers;
  REQUIRE(reader
              ->VisitDense(reader->index().sections(1), 2,
                           [&](uint32_t chunk, uint32_t floats, const char* state) {
                             numbers.push_back(chunk);
                             chunks.emplace_back(floats * 2);
                             std::memcpy(chunks.back().data(), state, floats * 2 * sizeof(float));
                           })
              .ok());
  CHECK(numbers == std::vector<uint32_t>{2, 7});
  CHECK(chunks == std::vector<std::vector<float>>{{1, 2, 3, 4}, {5, 6}});
}

TEST_CASE("Finish tells the size and the checksum of the file that is there") {
  TempFolder folder;
  SmallCheckpoint small;
  FailingFiles disk;
  const auto info = small.WriteShard(disk, folder / "shard", [](uint32_t) { return true; });
  REQUIRE(info.ok());
  const std::string bytes = *ReadFile(RealFiles(), folder / "shard", 1 << 20);
  CHECK(info->size == bytes.size());
  CHECK(info->crc32c == Crc32c(bytes));
  CHECK((*ShardReader::Open(RealFiles(), folder / "shard"))->FileCrc32c() == info->crc32c);
}

TEST_CASE("A file without sections can be read") {
  TempFolder folder;
  FailingFiles disk;
  REQUIRE((*ShardWriter::Create(disk, folder / "shard"))->Finish({}).ok());
  const auto reader = ShardReader::Open(RealFiles(), folder / "shard");
  REQUIRE(reader.ok());
  CHECK((*reader)->index().sections_size() == 0);
}

TEST_CASE("A file cut off anywhere is noticed") {
  TempFolder folder;
  WriteFile(folder / "shard", 10000);
  const std::string path = folder / "shard";
  REQUIRE(ReadAll(path).ok());
  struct stat info;
  REQUIRE(stat(path.c_str(), &info) == 0);
  const auto noticed = [&](int64_t size) { return truncate(path.c_str(), size) == 0 && !ReadAll(path).ok(); };
  int64_t size = info.st_size - 1;
  for (; size > info.st_size - 700; --size) {
    CAPTURE(size);
    REQUIRE(noticed(size));
  }
  for (size = size / 512 * 512; size >= 0; size -= 512) {
    CAPTURE(size);
    REQUIRE(noticed(size));
  }
}

TEST_CASE("A file whose end was copied from a whole one is noticed as well") {
  TempFolder folder;
  WriteFile(folder / "shard", 40);
  const std::string whole = *ReadFile(RealFiles(), folder / "shard", 1 << 20);
  for (size_t lost = 1; lost < whole.size() - 2 * kShardTrailerBytes; lost += 13) {
    CAPTURE(lost);
    const std::string end = whole.substr(whole.size() - kShardTrailerBytes);
    FailingFiles().Put(folder / "cut", whole.substr(0, whole.size() - kShardTrailerBytes - lost) + end);
    REQUIRE_FALSE(ReadAll(folder / "cut").ok());
  }
}

void FlipBit(int file, int64_t bit) {
  unsigned char byte;
  REQUIRE(pread(file, &byte, 1, bit / 8) == 1);
  byte ^= 1 << bit % 8;
  REQUIRE(pwrite(file, &byte, 1, bit / 8) == 1);
}

TEST_CASE("Every single flipped bit of a small file is noticed") {
  TempFolder folder;
  const std::string path = folder / "shard";
  WriteFile(path, 2);
  const int file = open(path.c_str(), O_RDWR);
  const int64_t bits = 8 * lseek(file, 0, SEEK_END);
  for (int64_t bit = 0; bit < bits; ++bit) {
    FlipBit(file, bit);
    CAPTURE(bit / 8, bit % 8);
    REQUIRE_FALSE(ReadAll(path).ok());
    FlipBit(file, bit);
  }
  CHECK(ReadAll(path).ok());
  close(file);
}

TEST_CASE("A flipped bit in any sector of a large file is noticed") {
  TempFolder folder;
  const std::string path = folder / "shard";
  WriteFile(path, 10000);
  const int file = open(path.c_str(), O_RDWR);
  const int64_t bytes = lseek(file, 0, SEEK_END);
  // Neighbouring sectors are alike: every 7th will do.
  for (int64_t byte = 100; byte < bytes; byte += 7 * 512) {
    FlipBit(file, byte * 8 + byte % 8);
    CAPTURE(byte);
    REQUIRE_FALSE(ReadAll(path).ok());
    FlipBit(file, byte * 8 + byte % 8);
  }
  CHECK(ReadAll(path).ok());
  close(file);
}

TEST_CASE("Damage is reported with the file and the place") {
  TempFolder folder;
  const std::string path = folder / "shard";
  WriteFile(path, 2);
  const int file = open(path.c_str(), O_RDWR);
  FlipBit(file, 8 * 30);
  close(file);
  CHECK(ReadAll(path).message() == path + ": damaged at byte 8: checksum does not fit");
}

TEST_CASE("What is no shard file is refused with a reason: nothing, a folder, a pipe, other bytes") {
  TempFolder folder;
  CHECK(absl::IsNotFound(ShardReader::Open(RealFiles(), folder / "nothing").status()));
  CHECK(absl::IsDataLoss(ShardReader::Open(RealFiles(), folder.path()).status()));
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(absl::IsDataLoss(ShardReader::Open(RealFiles(), folder / "pipe").status()));
  for (const std::string& bytes : {std::string(), std::string("PUMASI01"), std::string(1000, 'x'),
                                   "PUMASI01" + std::string(1000, '\0') + "PUMASI01"}) {
    FailingFiles().Put(folder / "bytes", bytes);
    CAPTURE(bytes.size());
    CHECK(absl::IsDataLoss(ShardReader::Open(RealFiles(), folder / "bytes").status()));
  }
}

TEST_CASE("An index that points elsewhere, or counts wrongly, is noticed") {
  TempFolder folder;
  WriteFile(folder / "shard", 100);
  auto reader = *ShardReader::Open(RealFiles(), folder / "shard");
  const auto visit = [&](v1::ShardIndex::Section section, uint64_t floats = kRowFloats) {
    return reader->VisitRows(section, floats, [](uint64_t, uint64_t, const char*) {});
  };
  const v1::ShardIndex::Section good = reader->index().sections(0);
  REQUIRE(visit(good).ok());
  v1::ShardIndex::Section bad = good;
  for (const uint64_t offset :
       {uint64_t{0}, uint64_t{9}, reader->size(), reader->size() - 1, ~uint64_t{0}, ~uint64_t{0} - 7}) {
    bad.set_offset(offset);
    CAPTURE(offset);
    CHECK_FALSE(visit(bad).ok());
  }
  bad = good;
  bad.set_count(99);
  CHECK_FALSE(visit(bad).ok());
  bad = good;
  bad.set_chunks(good.chunks() + 1);
  CHECK_FALSE(visit(bad).ok());
  bad.set_chunks(0xffffffff);
  CHECK_FALSE(visit(bad).ok());
  CHECK_FALSE(visit(good, kRowFloats + 1).ok());
  CHECK_FALSE(visit(good, 0).ok());
}

TEST_CASE("Ids and chunk numbers that do not ascend are damage") {
  TempFolder folder;
  FailingFiles disk;
  auto writer = *ShardWriter::Create(disk, folder / "shard");
  const float state[2] = {};
  for (const auto& [first, second] : {std::pair(5, 5), std::pair(5, 4)}) {
    REQUIRE(writer->BeginSection(0, first + second).ok());
    REQUIRE(writer->AddRow(first, 1, state, 1).ok());
    REQUIRE(writer->AddRow(second, 1, state, 1).ok());
    REQUIRE(writer->BeginSection(1, first + second).ok());
    REQUIRE(writer->AddDense(first, state, 1, 1).ok());
    REQUIRE(writer->AddDense(second, state, 1, 1).ok());
  }
  REQUIRE(writer->Finish({}).ok());
  auto reader = *ShardReader::Open(RealFiles(), folder / "shard");
  for (const auto& section : reader->index().sections()) {
    CAPTURE(section.table(), section.slot());
    if (section.table() == 0) {
      CHECK_FALSE(reader->VisitRows(section, 1, [](uint64_t, uint64_t, const char*) {}).ok());
    } else {
      CHECK_FALSE(reader->VisitDense(section, 1, [](uint32_t, uint32_t, const char*) {}).ok());
    }
  }
}

TEST_CASE("A write, sync or close that fails comes through, whichever it is") {
  TempFolder folder;
  SmallCheckpoint small;
  FailingFiles counting;
  REQUIRE(small.WriteShard(counting, folder / "shard", [](uint32_t) { return true; }).ok());
  const int steps = static_cast<int>(counting.done.size());
  REQUIRE(steps > 10);
  for (int step = 0; step < steps; ++step) {
    FailingFiles disk;
    disk.fail_at = step;
    const auto info = small.WriteShard(disk, folder / "shard", [](uint32_t) { return true; });
    CAPTURE(step, counting.done[step]);
    REQUIRE(absl::IsResourceExhausted(info.status()));
    // What a write left behind does not pass for a shard file.
    if (counting.done[step].find("write") == 0) {
      CHECK_FALSE(ShardReader::Open(RealFiles(), folder / "shard").ok());
    }
  }
}

}  // namespace
}  // namespace pumasi
