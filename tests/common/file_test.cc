#include "common/file.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

// A disk that is full.
class FullFile : public WritableFile {
 public:
  absl::Status Write(absl::string_view) override { return absl::ResourceExhaustedError("no space left"); }
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::Status Close() override { return absl::OkStatus(); }
};

class FullDisk : public Files {
 public:
  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    return RealFiles().Open(path);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path, CreateOptions options) override {
    if (auto made = RealFiles().Create(path, options); !made.ok()) return made.status();
    return std::unique_ptr<WritableFile>(new FullFile);
  }
  absl::StatusOr<std::unique_ptr<MappedFile>> OpenMapped(const std::string& path) override {
    return RealFiles().OpenMapped(path);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override { return RealFiles().Rename(from, to); }
  absl::Status Link(const std::string& from, const std::string& to) override { return RealFiles().Link(from, to); }
  absl::Status Exchange(const std::string& a, const std::string& b) override { return RealFiles().Exchange(a, b); }
  absl::Status Remove(const std::string& path) override { return RealFiles().Remove(path); }
  absl::Status RemoveFolder(const std::string& path) override { return RealFiles().RemoveFolder(path); }
  absl::Status MakeFolder(const std::string& path) override { return RealFiles().MakeFolder(path); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) override { return RealFiles().List(folder); }
  absl::Status SyncFile(const std::string& path) override { return RealFiles().SyncFile(path); }
  absl::Status SyncFolder(const std::string& folder) override { return RealFiles().SyncFolder(folder); }
  absl::StatusOr<bool> Exists(const std::string& path) override { return RealFiles().Exists(path); }
};

TEST_CASE("a durably written file reads back, replaces the old one and leaves nothing beside it") {
  const TempFolder folder;
  Files& files = RealFiles();
  REQUIRE(WriteFileDurably(files, folder / "a", "old").ok());
  REQUIRE(WriteFileDurably(files, folder / "a", std::string("new\0x", 5)).ok());
  CHECK(*ReadFile(files, folder / "a", 100) == std::string("new\0x", 5));
  CHECK(*files.List(folder.path()) == std::vector<std::string>{"a"});
  REQUIRE(WriteFileDurably(files, folder / "key", "secret", 0600).ok());
  struct stat info;
  REQUIRE(stat((folder / "key").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("when the disk is full, the old file stays and the half-written one goes") {
  const TempFolder folder;
  REQUIRE(WriteFileDurably(RealFiles(), folder / "a", "old").ok());
  FullDisk full;
  CHECK(WriteFileDurably(full, folder / "a", "new").code() == absl::StatusCode::kResourceExhausted);
  CHECK(*ReadFile(RealFiles(), folder / "a", 100) == "old");
  CHECK(*RealFiles().List(folder.path()) == std::vector<std::string>{"a"});
}

TEST_CASE("a file larger than the limit is refused, one of just the limit is read") {
  const TempFolder folder;
  REQUIRE(WriteFileDurably(RealFiles(), folder / "a", "12345").ok());
  CHECK(*ReadFile(RealFiles(), folder / "a", 5) == "12345");
  const auto read = ReadFile(RealFiles(), folder / "a", 4);
  CHECK(read.status().code() == absl::StatusCode::kOutOfRange);
  CHECK(std::string(read.status().message()).find(folder / "a") == 0);
  CHECK(ReadFile(RealFiles(), "/proc/self/status", 1 << 20)->size() > 100);
}

TEST_CASE("errors name the path and what the system said") {
  const TempFolder folder;
  Files& files = RealFiles();
  const std::string missing = folder / "missing";
  CHECK(files.Open(missing).status() == absl::NotFoundError(missing + ": can't open: No such file or directory"));
  CHECK(files.Remove(missing).code() == absl::StatusCode::kNotFound);
  CHECK(files.List(missing).status().code() == absl::StatusCode::kNotFound);
  CHECK(files.Create(missing + "/x").status().code() == absl::StatusCode::kNotFound);
  CHECK(std::string(files.Open(folder.path()).status().message()).find("Is a directory") != std::string::npos);
  REQUIRE(WriteFileDurably(files, folder / "a", "").ok());
  CHECK(files.MakeFolder((folder / "a") + "/b").ok() == false);
  CHECK(files.Create(folder / "a", {.mode = 0644, .exclusive = true}).status().code() ==
        absl::StatusCode::kAlreadyExists);
}

TEST_CASE("a named pipe is refused and not waited for") {
  const TempFolder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(RealFiles().Open(folder / "pipe").status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("parts of a file are read at any place, short at its end") {
  const TempFolder folder;
  REQUIRE(WriteFileDurably(RealFiles(), folder / "a", "0123456789").ok());
  const auto file = RealFiles().Open(folder / "a");
  REQUIRE(file.ok());
  char text[8] = {};
  CHECK(*(*file)->Read(3, text, 4) == 4);
  CHECK(std::string(text, 4) == "3456");
  CHECK(*(*file)->Read(8, text, 8) == 2);
  CHECK(*(*file)->Read(100, text, 8) == 0);
  CHECK((*file)->size() == 10);
}

TEST_CASE("folders are made with those above, listed in order and removed with what is in them, links not followed") {
  const TempFolder folder;
  Files& files = RealFiles();
  REQUIRE(files.MakeFolder(folder / "x/y/z").ok());
  REQUIRE(files.MakeFolder(folder / "x/y/z").ok());
  REQUIRE(files.MakeFolder(folder / "kept").ok());
  REQUIRE(WriteFileDurably(files, folder / "kept/b", "1").ok());
  REQUIRE(WriteFileDurably(files, folder / "kept/a", "1").ok());
  std::filesystem::create_directory_symlink(folder / "kept", folder / "x/link");
  CHECK(*files.List(folder / "kept") == std::vector<std::string>{"a", "b"});
  REQUIRE(files.RemoveFolder(folder / "x").ok());
  REQUIRE(files.RemoveFolder(folder / "x").ok());
  CHECK_FALSE(*files.Exists(folder / "x"));
  CHECK(*files.Exists(folder / "kept/a"));
  CHECK_FALSE(*files.Exists(folder / "kept/a/b"));
}

TEST_CASE("a folder whose name could not be synced is not left behind, and the next call makes it") {
  const TempFolder folder;
  Files& files = RealFiles();
  rlimit limit;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  // Folders can be made then, but not opened to sync them.
  const rlimit none = {0, limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const absl::Status status = files.MakeFolder(folder / "x/y");
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK_FALSE(status.ok());
  CHECK_FALSE(*files.Exists(folder / "x"));
  REQUIRE(files.MakeFolder(folder / "x/y").ok());
  CHECK(*files.Exists(folder / "x/y"));
}

TEST_CASE("a file may have two names, and is there until both are gone") {
  const TempFolder folder;
  Files& files = RealFiles();
  REQUIRE(WriteFileDurably(files, folder / "a", "bytes").ok());
  const absl::Status status = files.Link(folder / "a", folder / "b");
  if (absl::IsUnimplemented(status)) {
    WARN("skipped: " << status.message());
    return;
  }
  REQUIRE(status.ok());
  CHECK(absl::IsAlreadyExists(files.Link(folder / "a", folder / "b")));
  CHECK(absl::IsNotFound(files.Link(folder / "nothing", folder / "c")));
  REQUIRE(files.Remove(folder / "a").ok());
  CHECK(*ReadFile(files, folder / "b", 10) == "bytes");
}

TEST_CASE("a folder can't have a second name: callers copy") {
  const TempFolder folder;
  REQUIRE(RealFiles().MakeFolder(folder / "x").ok());
  CHECK(absl::IsUnimplemented(RealFiles().Link(folder / "x", folder / "y")));
}

TEST_CASE("a file is mapped into memory, also an empty one; folders and pipes are not") {
  const TempFolder folder;
  Files& files = RealFiles();
  REQUIRE(WriteFileDurably(files, folder / "a", "bytes").ok());
  REQUIRE(WriteFileDurably(files, folder / "empty", "").ok());
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  auto mapped = files.OpenMapped(folder / "a");
  REQUIRE(mapped.ok());
  REQUIRE(files.Remove(folder / "a").ok());
  CHECK(std::string((*mapped)->data(), (*mapped)->size()) == "bytes");
  auto empty = files.OpenMapped(folder / "empty");
  REQUIRE(empty.ok());
  CHECK((*empty)->size() == 0);
  CHECK(absl::IsNotFound(files.OpenMapped(folder / "a").status()));
  CHECK(absl::IsInvalidArgument(files.OpenMapped(folder / "pipe").status()));
  CHECK_FALSE(files.OpenMapped(folder.path()).ok());
}

TEST_CASE("two names swap what they stand for, folders too") {
  const TempFolder folder;
  Files& files = RealFiles();
  REQUIRE(files.MakeFolder(folder / "old").ok());
  REQUIRE(files.MakeFolder(folder / "new").ok());
  REQUIRE(WriteFileDurably(files, folder / "old/a", "1").ok());
  REQUIRE(WriteFileDurably(files, folder / "new/b", "2").ok());
  const absl::Status status = files.Exchange(folder / "old", folder / "new");
  if (absl::IsUnimplemented(status)) {
    WARN("skipped: " << status.message());
    return;
  }
  REQUIRE(status.ok());
  CHECK(*ReadFile(files, folder / "old/b", 10) == "2");
  CHECK(*ReadFile(files, folder / "new/a", 10) == "1");
  CHECK(absl::IsNotFound(files.Exchange(folder / "old", folder / "nothing")));
}

}  // namespace
}  // namespace pumasi
