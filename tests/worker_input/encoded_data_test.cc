#include "worker/input/encoded_data.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>

#include "common/crc32c.h"
#include "tests/worker_input/data_folder.h"
#include "worker/input/encoded_rows.h"
#include "worker/input/encoded_writer.h"

namespace pumasi {
namespace {

constexpr uint32_t kClasses = 7;

// Rows of 0 to 4 labels, one label, or 7 numbers.
std::vector<uint32_t> SomeLabels(LabelKind kind, std::mt19937_64& random) {
  if (kind == LabelKind::kClass) return {static_cast<uint32_t>(random() % kClasses)};
  std::vector<uint32_t> labels;
  for (uint32_t label = 0; label < kClasses; ++label) {
    if (kind == LabelKind::kNumbers) {
      labels.push_back(BitsOf(static_cast<float>(static_cast<int64_t>(random())) * 1e-18f));
    } else if (random() % 3 == 0) {
      labels.push_back(label);
    }
  }
  return labels;
}

EncodedRows SomeRows(int rows, uint64_t seed, LabelKind kind = LabelKind::kClass) {
  std::mt19937_64 random(seed);
  EncodedRows encoded(kind);
  for (int i = 0; i < rows; ++i) {
    std::vector<uint32_t> tokens(1 + random() % 20);
    for (uint32_t& token : tokens) token = random() % 1000;
    encoded.Add(tokens, SomeLabels(kind, random));
  }
  return encoded;
}

std::string WriteRows(const std::string& path, const std::vector<EncodedRows>& parts,
                      LabelKind kind = LabelKind::kClass) {
  auto writer = EncodedWriter::Create(path, kind);
  REQUIRE(writer.ok());
  for (const EncodedRows& part : parts) REQUIRE((*writer)->Append(part).ok());
  REQUIRE((*writer)->Finish(1000, kClasses).ok());
  return (*writer)->ContentsDigest();
}

const LabelKind kKinds[] = {LabelKind::kClass, LabelKind::kClasses, LabelKind::kNumbers};

TEST_CASE("Rows are read as they were written, piece by piece or at once") {
  for (const LabelKind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    DataFolder folder;
    const EncodedRows first = SomeRows(100, 1, kind), second = SomeRows(33, 2, kind);
    EncodedRows both = first;
    both.Append(second);
    CHECK(WriteRows(folder / "a", {first, EncodedRows(kind), second}, kind) == WriteRows(folder / "b", {both}, kind));
    CHECK((folder.Read("a") == folder.Read("b")));
    auto data = EncodedData::Open(folder / "a");
    REQUIRE(data.ok());
    REQUIRE((*data)->rows() == 133);
    std::vector<uint32_t> expected, tokens, expected_labels, labels;
    std::mt19937_64 random(1);
    for (uint64_t row = 0; row < 133; ++row) {
      both.Get(row, &expected, &expected_labels);
      (*data)->Get(row, &tokens, &labels);
      REQUIRE(tokens == expected);
      REQUIRE(labels == expected_labels);
      REQUIRE((*data)->labels(row).size() == labels.size());
      REQUIRE((*data)->tokens(row).size() == expected.size());
      if (row >= 100) continue;
      // What went in, from the generator itself.
      for (size_t i = 0, words = 1 + random() % 20; i < words; ++i) random();
      REQUIRE(labels == SomeLabels(kind, random));
    }
  }
}

TEST_CASE("Rows of one class have neither offsets of labels nor room for them") {
  DataFolder folder;
  WriteRows(folder / "a", {SomeRows(1000, 5)});
  const auto data = EncodedData::Open(folder / "a");
  REQUIRE(data.ok());
  const uint64_t tokens = (*data)->header().token_count;
  CHECK(folder.Read("a").size() <= 64 + tokens * 4 + 1000 * 4 + 1001 * 8 + 2 * 63);
}

TEST_CASE("A file without rows is sound") {
  DataFolder folder;
  WriteRows(folder / "a", {});
  auto data = EncodedData::Open(folder / "a");
  REQUIRE(data.ok());
  CHECK((*data)->rows() == 0);
}

TEST_CASE("Every flipped bit and every cut is noticed") {
  for (const LabelKind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    DataFolder folder;
    WriteRows(folder / "a", {SomeRows(5, 3, kind)}, kind);
    const std::string sound = folder.Read("a");
    const EncodedHeader header = EncodedData::Open(folder / "a").value()->header();
    const EncodedLayout layout = EncodedLayout::For(header);
    const auto is_gap = [&](size_t i) {
      return (i >= layout.tokens + header.token_count * 4 && i < layout.labels) ||
             (i >= layout.labels + header.label_count * 4 && i < layout.offsets) ||
             (i >= layout.offsets + 6 * 8 && i < layout.label_offsets);
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
}

TEST_CASE("A token or label beyond its bound is noticed, though the checksums fit") {
  DataFolder folder;
  for (const LabelKind kind : {LabelKind::kClass, LabelKind::kClasses}) {
    EncodedRows rows(kind);
    rows.Add(std::vector<uint32_t>{1, 5}, std::vector<uint32_t>{2});
    for (const auto& [vocabulary, classes, sound] :
         {std::tuple(6, 3, true), std::tuple(5, 3, false), std::tuple(6, 2, false)}) {
      auto writer = EncodedWriter::Create(folder / "a", kind);
      REQUIRE(writer.ok());
      REQUIRE((*writer)->Append(rows).ok());
      REQUIRE((*writer)->Finish(vocabulary, classes).ok());
      CHECK(EncodedData::Open(folder / "a").ok() == sound);
    }
  }
}

// A file whose header and sections were changed by `change`, with checksums made anew.
absl::Status OpenChanged(LabelKind kind, const std::vector<std::vector<uint32_t>>& labels, uint32_t classes,
                         const std::function<void(EncodedHeader*, uint64_t* offsets)>& change) {
  DataFolder folder;
  EncodedRows rows(kind);
  for (const auto& row : labels) rows.Add(std::vector<uint32_t>{1}, row);
  auto writer = EncodedWriter::Create(folder / "a", kind);
  REQUIRE(writer.ok());
  REQUIRE((*writer)->Append(rows).ok());
  REQUIRE((*writer)->Finish(2, classes).ok());
  std::string file = folder.Read("a");
  auto* const header = reinterpret_cast<EncodedHeader*>(file.data());
  const EncodedLayout layout = EncodedLayout::For(*header);
  auto* const offsets = reinterpret_cast<uint64_t*>(file.data() + layout.label_offsets);
  change(header, offsets);
  const uint64_t bytes = (labels.size() + 1) * 8;
  header->offsets_crc = Crc32c(file.data() + layout.offsets, bytes);
  if (kind == LabelKind::kClasses) header->offsets_crc = Crc32c(offsets, bytes, header->offsets_crc);
  header->header_crc = Crc32c(header, offsetof(EncodedHeader, header_crc));
  return EncodedData::Open(folder.Write("a", file)).status();
}

TEST_CASE("Labels that contradict themselves are noticed, though the checksums fit") {
  const auto nothing = [](EncodedHeader*, uint64_t*) {};
  const auto refused = [](const absl::Status& status) { return absl::IsDataLoss(status); };
  const std::vector<std::vector<uint32_t>> sound = {{0, 2}, {}, {1, 2}};
  CHECK(OpenChanged(LabelKind::kClasses, sound, 3, nothing).ok());
  CHECK(refused(OpenChanged(LabelKind::kClasses, {{2, 0}}, 3, nothing)));
  CHECK(refused(OpenChanged(LabelKind::kClasses, {{1, 1}}, 3, nothing)));
  const auto offset = [&](size_t at, uint64_t value) {
    return OpenChanged(LabelKind::kClasses, sound, 3, [&](EncodedHeader*, uint64_t* offsets) { offsets[at] = value; });
  };
  CHECK(offset(1, 2).ok());
  CHECK(refused(offset(0, 1)));
  CHECK(refused(offset(3, 3)));
  CHECK(refused(offset(3, 5)));
  CHECK(refused(offset(1, 3)));
  CHECK(refused(offset(1, ~uint64_t{0})));
  CHECK(refused(offset(2, uint64_t{1} << 62)));

  const uint32_t one = BitsOf(1), nan = BitsOf(std::nanf("")), inf = BitsOf(-INFINITY);
  CHECK(OpenChanged(LabelKind::kNumbers, {{one, one}, {one, one}}, 2, nothing).ok());
  CHECK(refused(OpenChanged(LabelKind::kNumbers, {{one, nan}}, 2, nothing)));
  CHECK(refused(OpenChanged(LabelKind::kNumbers, {{inf, one}}, 2, nothing)));
  for (const uint32_t classes : {0u, 1u, 3u, 4u, ~0u}) {
    CHECK(refused(OpenChanged(LabelKind::kNumbers, {{one, one}, {one, one}}, classes, nothing)));
  }
  CHECK(refused(OpenChanged(LabelKind::kClass, {{0}, {1}}, 2,
                            [](EncodedHeader* header, uint64_t*) { header->label_kind = static_cast<LabelKind>(3); })));
  CHECK(refused(OpenChanged(LabelKind::kClass, {{0}, {1}}, 2,
                            [](EncodedHeader* header, uint64_t*) { header->label_kind = LabelKind::kClasses; })));
  // 2^40 rows of 2^32 - 1 numbers: the product must not wrap around.
  CHECK(refused(OpenChanged(LabelKind::kNumbers, {{one}}, 1, [](EncodedHeader* header, uint64_t*) {
    header->rows = uint64_t{1} << 40;
    header->classes = 1u << 24;
    header->label_count = 0;
  })));
}

TEST_CASE("A full disk is an error") {
  auto writer = EncodedWriter::Create("/dev/full");
  CHECK(absl::IsResourceExhausted(writer.status()));
}

}  // namespace
}  // namespace pumasi
