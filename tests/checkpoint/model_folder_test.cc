#include "common/checkpoint/model_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/checkpoint/failing_files.h"
#include "tests/checkpoint/small_checkpoint.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

// Everything that can be read from a folder.
absl::Status ReadAll(const std::string& folder) {
  auto model = ModelFolder::Open(RealFiles(), folder);
  if (!model.ok()) return model.status();
  for (int table = 0; table < (*model)->manifest().tables_size(); ++table) {
    const bool rows = (*model)->manifest().tables(table).kind() == v1::TableSpec::ROWS;
    const absl::Status status = rows ? (*model)->AllRows(table).status() : (*model)->DenseValues(table).status();
    if (!status.ok()) return status;
  }
  return (*model)->Verify();
}

// Changes the manifest on disk.
void Edit(const std::string& folder, const std::function<void(v1::Manifest&)>& edit) {
  v1::Manifest manifest = *ReadManifest(RealFiles(), folder);
  edit(manifest);
  SmallCheckpoint::WriteManifest(folder, manifest);
}

TEST_CASE("However many files a checkpoint has, it reads the same") {
  const SmallCheckpoint small;
  TempFolder folder;
  // More than there are slots: the last files are empty.
  for (const uint32_t servers : {1, 2, 3, 5, 8, 11}) {
    CAPTURE(servers);
    const std::string path = folder / std::to_string(servers);
    small.WriteFolder(path, servers);
    auto model = ModelFolder::Open(RealFiles(), path);
    REQUIRE(model.ok());
    CHECK((*model)->Verify().ok());
    for (const uint32_t table : {0, 3}) {
      const auto rows = *(*model)->AllRows(table);
      REQUIRE(rows.size() == small.rows[table].size());
      for (size_t i = 0; i < rows.size(); ++i) {
        const SmallCheckpoint::Row& want = small.rows[table][i];
        CHECK(rows[i].id == want.id);
        CHECK(rows[i].last_step == want.last_step);
        CHECK(std::memcmp(rows[i].state, want.state.data(), want.state.size() * sizeof(float)) == 0);
      }
    }
    for (const uint32_t table : {1, 2}) {
      const std::vector<float> values = *(*model)->DenseValues(table);
      std::vector<float> want;
      for (const auto& chunk : small.chunks[table])
        want.insert(want.end(), chunk.begin(), chunk.begin() + chunk.size() / 2);
      CHECK(values == want);
    }
  }
}

TEST_CASE("A bit flipped anywhere in a shard file or an asset is noticed by Verify at the latest") {
  TempFolder folder;
  SmallCheckpoint small;
  small.rows[0].resize(2);
  small.tables.erase(small.tables.begin() + 1);
  small.rows.erase(small.rows.begin() + 1);
  small.chunks.erase(small.chunks.begin() + 1);
  const std::string path = folder / "model";
  small.WriteFolder(path, 1);
  REQUIRE(ReadAll(path).ok());
  for (const std::string name : {"shard-0", "labels.txt"}) {
    const std::string whole = *ReadFile(RealFiles(), path + "/" + name, 1 << 20);
    const int file = open((path + "/" + name).c_str(), O_WRONLY);
    REQUIRE(file >= 0);
    for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
      const char broken = static_cast<char>(whole[bit / 8] ^ 1 << bit % 8);
      REQUIRE(pwrite(file, &broken, 1, static_cast<off_t>(bit / 8)) == 1);
      CAPTURE(name, bit / 8, bit % 8);
      REQUIRE_FALSE(ReadAll(path).ok());
      REQUIRE(pwrite(file, &whole[bit / 8], 1, static_cast<off_t>(bit / 8)) == 1);
    }
    close(file);
  }
  CHECK(ReadAll(path).ok());
}

TEST_CASE("A file that is missing, longer or shorter than the manifest says is refused") {
  TempFolder folder;
  const SmallCheckpoint small;
  for (const std::string name : {"shard-1", "labels.txt"}) {
    CAPTURE(name);
    const std::string path = folder / ("of-" + name);
    small.WriteFolder(path, 2);
    const std::string bytes = *ReadFile(RealFiles(), path + "/" + name, 1 << 20);
    FailingFiles().Put(path + "/" + name, bytes + "x");
    CHECK_FALSE(ReadAll(path).ok());
    FailingFiles().Put(path + "/" + name, bytes.substr(1));
    CHECK_FALSE(ReadAll(path).ok());
    REQUIRE(RealFiles().Remove(path + "/" + name).ok());
    CHECK(absl::IsNotFound(ReadAll(path)));
  }
}

TEST_CASE("A shard file that is whole, but not the one that the manifest means, is noticed by Verify") {
  TempFolder folder;
  SmallCheckpoint small;
  small.WriteFolder(folder / "model", 2);
  small.rows[0][0].state[0] += 1;
  small.chunks[2][0][0] += 1;
  small.WriteFolder(folder / "other", 2);
  for (const std::string name : {"shard-0", "shard-1"}) {
    FailingFiles().Put(folder / ("model/" + name), *ReadFile(RealFiles(), folder / ("other/" + name), 1 << 20));
  }
  auto model = ModelFolder::Open(RealFiles(), folder / "model");
  REQUIRE(model.ok());
  CHECK((*model)->AllRows(0).ok());
  CHECK(absl::IsDataLoss((*model)->Verify()));
}

TEST_CASE("A manifest whose names lead out of the folder is refused") {
  TempFolder folder;
  SmallCheckpoint().WriteFolder(folder / "model", 1);
  FailingFiles().Put(folder / "secret", "secret");
  for (const std::string name : {"../secret", "/etc/passwd", "..", ".", "", ".hidden", "a/b", "..\\secret"}) {
    CAPTURE(name);
    TempFolder copy;
    SmallCheckpoint().WriteFolder(copy / "model", 1);
    Edit(copy / "model", [&](v1::Manifest& manifest) { manifest.mutable_shards(0)->set_name(name); });
    CHECK(absl::IsDataLoss(ReadManifest(RealFiles(), copy / "model").status()));
    SmallCheckpoint().WriteFolder(copy / "model", 1);
    Edit(copy / "model", [&](v1::Manifest& manifest) { manifest.mutable_assets(0)->set_name(name); });
    CHECK(absl::IsDataLoss(ReadManifest(RealFiles(), copy / "model").status()));
  }
}

TEST_CASE("A manifest of another format is refused with both numbers") {
  TempFolder folder;
  SmallCheckpoint().WriteFolder(folder / "model", 1);
  v1::Manifest manifest = *ReadManifest(RealFiles(), folder / "model");
  manifest.set_format(2);
  SmallCheckpoint::WriteManifest(folder / "model", manifest);
  const absl::Status status = ReadManifest(RealFiles(), folder / "model").status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(std::string(status.message()).find("format 2; this program reads format 1") != std::string::npos);
}

TEST_CASE("A manifest that is none, or of an impossible shape, is refused") {
  TempFolder folder;
  const std::string path = folder / "model";
  const auto refused = [&](const std::function<void(v1::Manifest&)>& edit) {
    SmallCheckpoint().WriteFolder(path, 1);
    Edit(path, edit);
    return absl::IsDataLoss(ReadManifest(RealFiles(), path).status());
  };
  CHECK_FALSE(refused([](v1::Manifest&) {}));
  CHECK(refused([](v1::Manifest& m) { m.clear_tables(); }));
  CHECK(refused([](v1::Manifest& m) { m.set_slots(0); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_tables(0)->set_columns(0); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_tables(0)->set_columns(0xffffffff); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_tables(0)->set_rows(~uint64_t{0}); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_tables(1)->set_rows(uint64_t{1} << 39); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_tables(0)->clear_kind(); }));
  CHECK(refused([](v1::Manifest& m) {
    for (int i = 0; i < 100000; ++i) m.add_optimizer_slots("m");
  }));
  // Without a checksum beside it, as older programs wrote it.
  REQUIRE(RealFiles().Remove(path + "/manifest.crc32c").ok());
  CHECK(ReadManifest(RealFiles(), path).ok() == false);  // the last edit
  FailingFiles().Put(path + "/manifest.json", "{\"format\": \"one\"}");
  CHECK(absl::IsDataLoss(ReadManifest(RealFiles(), path).status()));
  FailingFiles().Put(path + "/manifest.json", "");
  CHECK_FALSE(ReadManifest(RealFiles(), path).ok());
  CHECK(absl::IsNotFound(ReadManifest(RealFiles(), folder / "nothing").status()));
}

TEST_CASE("A checkpoint of an older program, without versions of its files and without a checksum, is read") {
  TempFolder folder;
  SmallCheckpoint().WriteFolder(folder / "model", 2);
  REQUIRE(RealFiles().Remove(folder / "model/manifest.crc32c").ok());
  CHECK(ReadAll(folder / "model").ok());
}

TEST_CASE("What an older program wrote of a job's consistency is read") {
  const SmallCheckpoint small;
  TempFolder folder;
  small.WriteFolder(folder / "old", 1);
  Edit(folder / "old", [](v1::Manifest& manifest) { manifest.mutable_job()->mutable_consistency()->mutable_sync(); });
  const std::string path = absl::StrCat(folder / "old", "/", kManifestName);
  std::string json = *ReadFile(RealFiles(), path, 1 << 20);
  const size_t begin = json.find("\"consistency\": {"), end = json.find("}", json.find("}", begin) + 1) + 1;
  REQUIRE(begin != std::string::npos);
  json.replace(begin, end - begin, "\"consistency\": \"CONSISTENCY_SYNC\"");
  REQUIRE(WriteFileDurably(RealFiles(), path, json).ok());
  RealFiles().Remove(absl::StrCat(folder / "old", "/", kManifestChecksumName)).IgnoreError();
  const auto manifest = ReadManifest(RealFiles(), folder / "old");
  INFO(manifest.status().ToString());
  REQUIRE(manifest.ok());
  CHECK(manifest->job().consistency().has_sync());
}

TEST_CASE("With consistency: async rows count as many steps to a batch as it has parts") {
  SmallCheckpoint small;
  small.rows[0][0].last_step = 4 * SmallCheckpoint::kVersion;
  TempFolder folder;
  small.WriteFolder(folder / "async", 2);
  CHECK(absl::IsDataLoss(ReadAll(folder / "async")));
  const auto with_parts = [&](uint32_t parts) {
    Edit(folder / "async", [&](v1::Manifest& manifest) {
      manifest.mutable_job()->mutable_consistency()->mutable_async();
      manifest.mutable_job()->set_micro_batches(parts);
    });
    return ReadAll(folder / "async");
  };
  CHECK(absl::IsDataLoss(with_parts(3)));
  CHECK(with_parts(4).ok());
}

TEST_CASE("A tensor that the manifest makes larger than the files is refused before memory is asked for") {
  TempFolder folder;
  SmallCheckpoint().WriteFolder(folder / "model", 1);
  Edit(folder / "model", [](v1::Manifest& m) { m.mutable_tables(1)->set_rows(100'000'000); });
  CHECK(absl::IsDataLoss((*ModelFolder::Open(RealFiles(), folder / "model"))->DenseValues(1).status()));
}

TEST_CASE("Tables and slots that the manifest does not have are refused") {
  TempFolder folder;
  const auto opens = [&](const std::function<void(v1::Manifest&)>& edit) {
    SmallCheckpoint().WriteFolder(folder / "model", 1);
    Edit(folder / "model", edit);
    return ReadAll(folder / "model").ok();
  };
  CHECK(opens([](v1::Manifest&) {}));
  CHECK_FALSE(opens([](v1::Manifest& m) { m.mutable_tables()->RemoveLast(); }));
  CHECK_FALSE(opens([](v1::Manifest& m) { m.set_slots(7); }));
  // With more slots the rows would be looked for elsewhere.
  CHECK_FALSE(opens([](v1::Manifest& m) { m.set_slots(9); }));
  CHECK_FALSE(opens([](v1::Manifest& m) { m.mutable_tables(0)->set_columns(4); }));
  CHECK_FALSE(opens([](v1::Manifest& m) { m.mutable_tables(0)->set_rows(39); }));
  CHECK_FALSE(opens([](v1::Manifest& m) { m.mutable_tables(2)->set_columns(6); }));
  CHECK_FALSE(opens([](v1::Manifest& m) { m.add_optimizer_slots("v"); }));
  CHECK_FALSE(opens([](v1::Manifest& m) { m.mutable_progress()->set_version(5); }));
}

TEST_CASE("The same section in two files is refused") {
  TempFolder folder;
  SmallCheckpoint().WriteFolder(folder / "model", 1);
  Edit(folder / "model", [](v1::Manifest& m) { *m.add_shards() = m.shards(0); });
  const absl::Status status = ModelFolder::Open(RealFiles(), folder / "model").status();
  CHECK(absl::IsDataLoss(status));
  CHECK(std::string(status.message()).find("is there twice") != std::string::npos);
}

TEST_CASE("A tensor of which a chunk is missing is refused") {
  TempFolder folder;
  SmallCheckpoint small;
  small.chunks[1].pop_back();
  small.WriteFolder(folder / "model", 2);
  const absl::Status status = (*ModelFolder::Open(RealFiles(), folder / "model"))->DenseValues(1).status();
  CHECK(absl::IsDataLoss(status));
  CHECK(std::string(status.message()).find("kernel has 16384 of its 30000 values") != std::string::npos);
}

}  // namespace
}  // namespace pumasi
