#include "worker/input/data_files.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/worker_input/data_folder.h"

namespace pumasi {
namespace {

using Files = std::vector<std::string>;
using Catch::Matchers::Contains;

Files Resolve(const std::string& pattern, const std::string& base, const std::string& root = "/") {
  auto files = ResolveDataFiles(pattern, base, root);
  INFO(files.status().ToString());
  REQUIRE(files.ok());
  return *files;
}

TEST_CASE("A file is found relative to the job's folder, or by its absolute path") {
  DataFolder folder;
  const std::string file = folder.Write("data/train.csv", "x");
  CHECK(Resolve("data/train.csv", folder.path()) == Files{file});
  CHECK(Resolve("../data/train.csv", folder / "data") == Files{file});
  CHECK(Resolve(file, "/somewhere/else") == Files{file});
}

TEST_CASE("Of a folder count the files, by name, but for Spark's own") {
  DataFolder folder;
  const std::string second = folder.Write("out/part-00001.csv", "x");
  const std::string first = folder.Write("out/part-00000.csv", "x");
  folder.Write("out/_SUCCESS", "");
  folder.Write("out/.part-00000.csv.crc", "x");
  folder.Write("out/inner/part-00000.csv", "x");
  CHECK(Resolve("out", folder.path()) == Files{first, second});
  CHECK(Resolve("out/", folder.path()) == Files{first, second});
}

TEST_CASE("A glob gives what matches, by name, and the files of folders that match") {
  DataFolder folder;
  const std::string b = folder.Write("b.csv", "x");
  const std::string a = folder.Write("a.csv", "x");
  folder.Write("c.txt", "x");
  const std::string part = folder.Write("d.csv/part-0", "x");
  CHECK(Resolve("*.csv", folder.path()) == Files{a, b, part});
  CHECK(Resolve("[ab].csv", folder.path()) == Files{a, b});
  CHECK(Resolve("?.txt", folder.path()).size() == 1);
}

TEST_CASE("A file whose name looks like a glob is taken by its name") {
  DataFolder folder;
  const std::string odd = folder.Write("a[1].csv", "x");
  folder.Write("a1.csv", "x");
  CHECK(Resolve("a[1].csv", folder.path()) == Files{odd});
}

TEST_CASE("What was looked for is told where nothing is found") {
  DataFolder folder;
  std::filesystem::create_directory(folder / "empty");
  for (const char* pattern : {"none.csv", "*.csv", "empty", "none/*.csv"}) {
    const absl::Status status = ResolveDataFiles(pattern, folder.path(), "/").status();
    CAPTURE(pattern, status.ToString());
    CHECK(absl::IsNotFound(status));
    CHECK_THAT(std::string(status.message()), Contains(folder / pattern));
  }
  CHECK(absl::IsInvalidArgument(ResolveDataFiles("", folder.path(), "/").status()));
}

TEST_CASE("A file outside the data root is refused, by whatever way it is named") {
  DataFolder folder;
  const std::string inside = folder.Write("root/a.csv", "x");
  const std::string outside = folder.Write("rootless/b.csv", "x");
  const std::string root = folder / "root";
  CHECK(Resolve("a.csv", root, root) == Files{inside});
  REQUIRE(symlink(outside.c_str(), (root + "/link.csv").c_str()) == 0);
  REQUIRE(symlink((folder / "rootless").c_str(), (root + "/folder").c_str()) == 0);
  REQUIRE(symlink(inside.c_str(), (folder / "rootless/back.csv").c_str()) == 0);
  for (const std::string& pattern : {std::string("../rootless/b.csv"), outside, std::string("link.csv"),
                                     std::string("folder/b.csv"), std::string("folder"), std::string("li*.csv")}) {
    const absl::Status status = ResolveDataFiles(pattern, root, root).status();
    CAPTURE(pattern, status.ToString());
    CHECK(absl::IsPermissionDenied(status));
  }
  // A link that leads back inside is fine.
  CHECK(Resolve("../rootless/back.csv", root, root) == Files{inside});
}

}  // namespace
}  // namespace pumasi
