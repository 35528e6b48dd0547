#include "scheduler/asset_store.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/crc32c.h"
#include "common/error_detail.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

v1::AssetChunk Chunk(const std::string& name, const std::string& data, bool end = false) {
  v1::AssetChunk chunk;
  chunk.set_job_id("cats-1");
  chunk.set_name(name);
  chunk.set_data(data);
  chunk.set_crc32c(Crc32c(data));
  chunk.set_end(end);
  return chunk;
}

TEST_CASE("Files that arrive in pieces are put together by name") {
  AssetUpload upload;
  REQUIRE(upload.Add(Chunk("labels.txt", "cats\n")).ok());
  REQUIRE(upload.Add(Chunk("vocabulary.txt", "the\nof\n")).ok());
  REQUIRE(upload.Add(Chunk("labels.txt", "dogs\n")).ok());
  REQUIRE(upload.Add(Chunk("empty", "")).ok());
  CHECK_FALSE(upload.complete());
  REQUIRE(upload.Add(Chunk("", "", true)).ok());
  CHECK(upload.complete());
  CHECK(upload.job_id() == "cats-1");
  CHECK(upload.TakeAssets() == Assets{{"empty", ""}, {"labels.txt", "cats\ndogs\n"}, {"vocabulary.txt", "the\nof\n"}});
}

TEST_CASE("An upload that breaks off is not complete") {
  AssetUpload upload;
  CHECK_FALSE(upload.complete());
  REQUIRE(upload.Add(Chunk("labels.txt", "cats\n")).ok());
  CHECK_FALSE(upload.complete());
}

TEST_CASE("Names that are no plain file names are refused") {
  for (const std::string name :
       {".", "..", ".hidden", "../x", "/etc/passwd", "a/b", "a\\b", "a b", "a\nb", "\xc3\xa4"}) {
    AssetUpload upload;
    CAPTURE(name);
    CHECK(absl::IsInvalidArgument(upload.Add(Chunk(name, "x"))));
    CHECK(upload.TakeAssets().empty());
  }
  AssetUpload upload;
  CHECK(absl::IsInvalidArgument(upload.Add(Chunk(std::string(101, 'a'), "x"))));
  CHECK(absl::IsInvalidArgument(upload.Add(Chunk(std::string("a\0b", 3), "x"))));
  CHECK(upload.Add(Chunk(std::string(100, 'a'), "x")).ok());
}

TEST_CASE("A piece whose checksum does not fit is refused, and names the file") {
  AssetUpload upload;
  v1::AssetChunk chunk = Chunk("labels.txt", "cats\n");
  chunk.set_crc32c(chunk.crc32c() ^ 1);
  const absl::Status status = upload.Add(chunk);
  CHECK(ReasonOf(status) == D::CORRUPT);
  CHECK(status.message() == "labels.txt: checksum does not fit");
}

TEST_CASE("More bytes than a vocabulary can have are refused, over all files together") {
  AssetUpload upload(10);
  REQUIRE(upload.Add(Chunk("a", "12345")).ok());
  REQUIRE(upload.Add(Chunk("b", "12345")).ok());
  CHECK(ReasonOf(upload.Add(Chunk("c", "1"))) == D::OVER_LIMIT);
}

TEST_CASE("Labels are the lines of labels.txt") {
  CHECK(LabelsOf({{"labels.txt", "cats\ndogs\n"}}) == std::vector<std::string>{"cats", "dogs"});
  CHECK(LabelsOf({{"labels.txt", "cats\n\ndogs"}}) == std::vector<std::string>{"cats", "", "dogs"});
  CHECK(LabelsOf({{"labels.txt", ""}}).empty());
  CHECK(LabelsOf({{"vocabulary.txt", "the\n"}}).empty());
}

}  // namespace
}  // namespace pumasi
