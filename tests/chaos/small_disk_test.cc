// A real file system. Needs the right to mount (root); skips with a line otherwise.
#include "tools/chaos/small_disk.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <string>
#include <thread>

#include "common/file.h"
#include "tests/common/temp_folder.h"

namespace pumasi {

TEST_CASE("a small disk is full or not as it is told, and is there for nobody else") {
  TempFolder folder;
  const std::string disk_folder = folder / "disk", file = disk_folder + "/file";
  // The mount is for the thread that makes it, so this one stays outside.
  std::thread([&] {
    auto disk = SmallDisk::Make(disk_folder, 4 << 20);
    if (absl::IsPermissionDenied(disk.status())) {
      std::cout << "SKIPPED: " << disk.status().message() << "\n";
      return;
    }
    INFO(disk.status().message());
    REQUIRE(disk.ok());
    const std::string bytes(1 << 20, 'x');
    CHECK(WriteFileDurably(RealFiles(), file, bytes).ok());
    REQUIRE((*disk)->Fill().ok());
    REQUIRE((*disk)->Fill().ok());
    const absl::Status full = WriteFileDurably(RealFiles(), disk_folder + "/other", "y");
    CHECK_FALSE(full.ok());
    CHECK(ReadFile(RealFiles(), file, 2 << 20).ok());
    REQUIRE((*disk)->Free().ok());
    REQUIRE((*disk)->Free().ok());
    CHECK(WriteFileDurably(RealFiles(), disk_folder + "/other", bytes).ok());
    // More than there is.
    CHECK_FALSE(WriteFileDurably(RealFiles(), disk_folder + "/big", std::string(4 << 20, 'z')).ok());
  }).join();
  CHECK(access(file.c_str(), F_OK) != 0);
}

}  // namespace pumasi
