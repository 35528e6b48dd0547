#include "worker/input/file_view.h"

#include <zlib.h>

#include <catch2/catch.hpp>

#include "tests/worker_input/data_folder.h"

namespace pumasi {
namespace {

std::string Gzip(std::string_view text) {
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string Contents(const std::string& path, const FileViewOptions& options = {}) {
  auto view = FileView::Open(path, options);
  INFO(view.status().ToString());
  REQUIRE(view.ok());
  return std::string((*view)->contents());
}

TEST_CASE("A view shows a file's bytes, also of an empty file") {
  DataFolder folder;
  CHECK(Contents(folder.Write("a", "some\0bytes")) == "some");
  CHECK(Contents(folder.Write("b", "")).empty());
}

TEST_CASE("A gzip file is unpacked, in memory or in a scratch folder, several members one after the other") {
  DataFolder folder;
  std::string large;
  for (int i = 0; i < 300000; ++i) large += std::to_string(i);
  const std::string file = folder.Write("a.gz", Gzip(large) + Gzip("end"));
  FileViewOptions scratch;
  scratch.scratch_folder = folder.path();
  CHECK((Contents(file) == large + "end"));
  CHECK((Contents(file, scratch) == large + "end"));
  CHECK(Contents(folder.Write("b.gz", Gzip(""))).empty());
}

TEST_CASE("A gzip file that unpacks to more than the limit is refused") {
  DataFolder folder;
  const std::string file = folder.Write("bomb.gz", Gzip(std::string(1 << 20, 'x')));
  FileViewOptions options;
  options.max_unpacked_bytes = (1 << 20) - 1;
  CHECK(absl::IsResourceExhausted(FileView::Open(file, options).status()));
  options.max_unpacked_bytes = 1 << 20;
  CHECK(FileView::Open(file, options).ok());
}

TEST_CASE("A damaged or cut gzip file is refused") {
  DataFolder folder;
  const std::string packed = Gzip(std::string(100000, 'x') + "y");
  CHECK(absl::IsInvalidArgument(FileView::Open(folder.Write("a.gz", packed.substr(0, packed.size() - 3))).status()));
  std::string flipped = packed;
  flipped[packed.size() - 6] ^= 1;  // in the checksum
  CHECK(absl::IsInvalidArgument(FileView::Open(folder.Write("b.gz", flipped)).status()));
  CHECK(absl::IsInvalidArgument(FileView::Open(folder.Write("c.gz", "text,label\n")).status()));
}

TEST_CASE("What is no file is refused") {
  DataFolder folder;
  CHECK(absl::IsNotFound(FileView::Open(folder / "none").status()));
  CHECK(absl::IsInvalidArgument(FileView::Open(folder.path()).status()));
}

}  // namespace
}  // namespace pumasi
