#include "worker/input/encoded_data.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/worker_input/data_folder.h"
#include "worker/input/encoded_rows.h"
#include "worker/input/encoded_writer.h"

namespace pumasi {
namespace {

EncodedRows SomeRows(int rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  EncodedRows encoded;
  for (int i = 0; i < rows; ++i) {
    std::vector<uint32_t> tokens(1 + random() % 20);
    for (uint32_t& token : tokens) token = random() % 1000;
    encoded.Add(tokens, random() % 7);
  }
  return encoded;
}

std::string WriteRows(const std::string& path, const std::vector<EncodedRows>& parts) {
  auto writer = EncodedWriter::Create(path);
  REQUIRE(writer.ok());
  for (const EncodedRows& part : parts) REQUIRE((*writer)->Append(part).ok());
  REQUIRE((*writer)->Finish(1000, 7).ok());
  return (*writer)->ContentsDigest();
}

TEST_CASE("Rows are read as they were written, piece by piece or at once") {
  DataFolder folder;
  const EncodedRows first = SomeRows(100, 1), second = SomeRows(33, 2);
  EncodedRows both = first;
  both.Append(second);
  CHECK(WriteRows(folder / "a", {first, EncodedRows(), second}) == WriteRows(folder / "b", {both}));
  CHECK((folder.Read("a") == folder.Read("b")));
  auto data = EncodedData::Open(folder / "a");
  REQUIRE(data.ok());
  REQUIRE((*data)->rows() == 133);
  std::vector<uint32_t> expected, tokens;
  uint32_t expected_label = 0, label = 0;
  for (uint64_t row = 0; row < 133; ++row) {
    both.Get(row, &expected, &expected_label);
    (*data)->Get(row, &tokens, &label);
    REQUIRE(tokens == expected);
    REQUIRE(label == expected_label);
    REQUIRE((*data)->label(row) == expected_label);
    REQUIRE((*data)->tokens(row).size() == expected.size());
  }
}

TEST_CASE("A file without rows is sound") {
  DataFolder folder;
  WriteRows(folder / "a", {});
  auto data = EncodedData::Open(folder / "a");
  REQUIRE(data.ok());
  CHECK((*data)->rows() == 0);
}

TEST_CASE("Every flipped bit and every cut is noticed") {
  DataFolder folder;
  WriteRows(folder / "a", {SomeRows(5, 3)});
  const std::string sound = folder.Read("a");
  const EncodedLayout layout = EncodedLayout::For(5, EncodedData::Open(folder / "a").value()->header().token_count);
  const auto is_gap = [&](size_t i) {
    const uint64_t tokens = (*EncodedData::Open(folder / "a"))->header().token_count;
    return (i >= layout.tokens + tokens * 4 && i < layout.labels) || (i >= layout.labels + 5 * 4 && i < layout.offsets);
  };
  for (size_t i = 0; i < sound.size(); ++i) {
    if (is_gap(i)) continue;  // zeros that nobody reads
    std::string damaged = sound;
    damaged[i] ^= 1 << (i % 8);
    const absl::Status status = EncodedData::Open(folder.Write("b", damaged)).status();
    if (!absl::IsDataLoss(status)) FAIL("byte " << i << ": " << status.ToString());
  }
  for (size_t size = 0; size < sound.size(); ++size) {
    const absl::Status status = EncodedData::Open(folder.Write("b", sound.substr(0, size))).status();
    if (!absl::IsDataLoss(status)) FAIL("size " << size << ": " << status.ToString());
  }
  CHECK(absl::IsDataLoss(EncodedData::Open(folder.Write("b", sound + "x")).status()));
  CHECK(absl::IsNotFound(EncodedData::Open(folder / "none").status()));
}

TEST_CASE("A token or label beyond its bound is noticed, though the checksums fit") {
  DataFolder folder;
  EncodedRows rows;
  rows.Add({1, 5}, 2);
  for (const auto& [vocabulary, classes, sound] :
       {std::tuple(6, 3, true), std::tuple(5, 3, false), std::tuple(6, 2, false)}) {
    auto writer = EncodedWriter::Create(folder / "a");
    REQUIRE(writer.ok());
    REQUIRE((*writer)->Append(rows).ok());
    REQUIRE((*writer)->Finish(vocabulary, classes).ok());
    CHECK(EncodedData::Open(folder / "a").ok() == sound);
  }
}

TEST_CASE("A full disk is an error") {
  auto writer = EncodedWriter::Create("/dev/full");
  CHECK(absl::IsResourceExhausted(writer.status()));
}

}  // namespace
}  // namespace pumasi
