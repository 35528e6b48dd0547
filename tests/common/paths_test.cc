#include "common/paths.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "common/file.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

namespace fs = std::filesystem;

bool Refused(const std::string& root, const std::string& path) {
  return UnderRoot(root, path).status().code() == absl::StatusCode::kPermissionDenied;
}

TEST_CASE("paths under the root are resolved, also those that are not there yet") {
  const TempFolder folder;
  const std::string root = folder / "root";
  fs::create_directories(root + "/a/b");
  CHECK(*UnderRoot(root, "a/b") == root + "/a/b");
  CHECK(*UnderRoot(root, "a/b/") == root + "/a/b");
  CHECK(*UnderRoot(root, "a/../a/./new/file") == root + "/a/new/file");
  CHECK(*UnderRoot(root, root + "/a") == root + "/a");
  CHECK(*UnderRoot(root, "") == root);
  CHECK(*UnderRoot(root, ".") == root);
  CHECK(*UnderRoot(root + "/", "a") == root + "/a");
  CHECK(*UnderRoot("/", "/proc") == "/proc");
}

TEST_CASE("paths that leave the root are refused") {
  const TempFolder folder;
  const std::string root = folder / "root";
  fs::create_directories(root + "/a");
  fs::create_directories(folder / "root-beside");
  CHECK(Refused(root, ".."));
  CHECK(Refused(root, "a/../../x"));
  CHECK(Refused(root, "/etc/passwd"));
  CHECK(Refused(root, folder / "root-beside"));
  CHECK(Refused(root, "new/../../x"));
  CHECK(UnderRoot(root, std::string("a\0b", 3)).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(UnderRoot(folder / "missing", "a").status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("links are followed before the path is judged") {
  const TempFolder folder;
  const std::string root = folder / "root";
  fs::create_directories(root + "/a");
  fs::create_directories(folder / "outside");
  fs::create_directory_symlink("a", root + "/inner");
  fs::create_directory_symlink(folder / "outside", root + "/out");
  fs::create_symlink(folder / "outside/new", root + "/nowhere");
  fs::create_directory_symlink(root, folder / "alias");
  CHECK(*UnderRoot(root, "inner/x") == root + "/a/x");
  CHECK(*UnderRoot(folder / "alias", "a") == root + "/a");
  CHECK(Refused(root, "out"));
  CHECK(Refused(root, "out/x/y"));
  CHECK(Refused(root, "nowhere"));
  CHECK(Refused(root, "missing/../nowhere"));
  CHECK(Refused(root, "missing/../out/x"));
}

}  // namespace
}  // namespace pumasi
