#include "worker/input/content_hash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/sha256.h"
#include "tests/worker_input/data_folder.h"

namespace pumasi {
namespace {

std::string Digest(const std::string& path, const std::string& index, int threads = 1, uint64_t* read = nullptr,
                   absl::Duration rest = absl::ZeroDuration()) {
  // The tracker hears of blocks that are read; of a remembered file it hears at once.
  int steps = 0;
  ProgressTracker tracker([&](const PrepareProgress&) { ++steps; }, nullptr);
  auto digest = DigestFile(path, index, threads, &tracker, rest);
  INFO(digest.status().ToString());
  REQUIRE(digest.ok());
  if (read != nullptr) *read = steps;
  CHECK(digest->size == std::filesystem::file_size(path));
  return digest->sha256;
}

TEST_CASE("A digest is that of the digests of each 4 MiB, for any number of threads") {
  DataFolder folder;
  const size_t block = 4 << 20;
  std::string contents(2 * block + 123, 'x');
  for (size_t i = 0; i < contents.size(); i += 997) contents[i] = static_cast<char>(i % 251);
  const std::string file = folder.Write("a", contents);
  Sha256 outer;
  for (size_t at = 0; at < contents.size(); at += block) {
    Sha256 inner;
    inner.Update(contents.substr(at, block));
    const auto digest = inner.Digest();
    outer.Update(digest.data(), digest.size());
  }
  CHECK(Digest(file, "", 1) == outer.Hex());
  CHECK(Digest(file, "", 3) == outer.Hex());
  CHECK(Digest(folder.Write("empty", ""), "") == Sha256().Hex());
}

TEST_CASE("A file that rested is remembered, and read again once anything about it changes") {
  DataFolder folder;
  const std::string index = folder / "index";
  const std::string file = folder.Write("a", std::string(9 << 20, 'x'));
  uint64_t steps = 0;
  const std::string digest = Digest(file, index, 1, &steps);
  CHECK(steps == 3);
  CHECK(Digest(file, index, 1, &steps) == digest);
  CHECK(steps == 1);

  SECTION("other contents of the same size and time of change") {
    struct stat info;
    REQUIRE(stat(file.c_str(), &info) == 0);
    folder.Write("a", std::string(9 << 20, 'y'));
    const timespec times[2] = {info.st_atim, info.st_mtim};
    REQUIRE(utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
    CHECK(Digest(file, index, 1, &steps) != digest);
    CHECK(steps == 3);
  }
  SECTION("damage to what is remembered") {
    for (const auto& entry : std::filesystem::directory_iterator(index)) {
      const std::string name = "index/" + entry.path().filename().string();
      std::string remembered = folder.Read(name);
      remembered[remembered.size() - 80] ^= 1;
      folder.Write(name, remembered);
    }
    CHECK(Digest(file, index, 1, &steps) == digest);
    CHECK(steps == 3);
  }
}

TEST_CASE("A file changed a moment ago is not remembered") {
  DataFolder folder;
  const std::string file = folder.Write("a", std::string(9 << 20, 'x'));
  uint64_t steps = 0;
  for (int i = 0; i < 2; ++i) {
    Digest(file, folder / "index", 1, &steps, absl::Hours(1));
    CHECK(steps == 3);
  }
}

TEST_CASE("Hashing ends when it is cancelled, and tells of files that are not there") {
  DataFolder folder;
  ProgressTracker cancelled(nullptr, [] { return true; });
  CHECK(absl::IsCancelled(DigestFile(folder.Write("a", "x"), "", 1, &cancelled).status()));
  ProgressTracker tracker(nullptr, nullptr);
  CHECK(absl::IsNotFound(DigestFile(folder / "none", "", 1, &tracker).status()));
  CHECK(absl::IsInvalidArgument(DigestFile(folder.path(), "", 1, &tracker).status()));
}

}  // namespace
}  // namespace pumasi
