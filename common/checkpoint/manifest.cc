#include "common/checkpoint/manifest.h"

#include <google/protobuf/util/json_util.h>

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "common/message_json.h"

namespace pumasi {
namespace {

constexpr uint64_t kMaxManifestBytes = 64 << 20;
constexpr uint64_t kMaxChecksumBytes = 64;
// As many as elastic averaging has lanes (common/averaging.h), and far beyond any tensor; small enough that no product
// of sizes overflows.
constexpr int kMaxOptimizerSlots = 64;
constexpr uint64_t kMaxDenseFloats = uint64_t{1} << 40;

std::string ChecksumText(const std::string& json) { return absl::StrFormat("%08x\n", Crc32c(json)); }

// A manifest comes from a disk and may come from a stranger: names must not lead out of the folder.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name[0] != '.' && !absl::StrContains(name, "/") && !absl::StrContains(name, "\\");
}

absl::Status CheckNames(const std::string& path, const v1::Manifest& manifest) {
  for (const auto* files : {&manifest.shards(), &manifest.assets()}) {
    for (const auto& file : *files) {
      if (!IsPlainName(file.name()))
        return absl::DataLossError(absl::StrCat(path, ": bad file name '", file.name(), "'"));
    }
  }
  return absl::OkStatus();
}

// A file holds the changes since the version of other files, or all.
absl::Status CheckShards(const std::string& path, const v1::Manifest& manifest) {
  std::set<uint64_t> versions;
  uint64_t latest = 0;
  for (const auto& file : manifest.shards()) {
    const auto bad = [&](absl::string_view what) {
      return absl::DataLossError(
          absl::StrCat(path, ": ", file.name(), " of version ", file.version(), " since ", file.since(), " ", what));
    };
    if (file.version() < latest) return bad("comes after a later one");
    latest = file.version();
    versions.insert(latest);
    if (file.since() == 0) continue;
    if (file.since() >= latest || versions.count(file.since()) == 0) return bad("follows on no other file");
  }
  // Files of older programs do not say their version.
  if (latest != 0 && latest != manifest.progress().version()) {
    return absl::DataLossError(absl::StrCat(path, ": the latest files are of version ", latest,
                                            ", the checkpoint is of ", manifest.progress().version()));
  }
  return absl::OkStatus();
}

absl::Status CheckShapes(const std::string& path, const v1::Manifest& manifest) {
  if (manifest.slots() == 0 || manifest.tables_size() == 0) {
    return absl::DataLossError(absl::StrCat(path, ": no tables or no slots"));
  }
  if (manifest.optimizer_slots_size() > kMaxOptimizerSlots) {
    return absl::DataLossError(absl::StrCat(path, ": ", manifest.optimizer_slots_size(), " optimizer slots; at most ",
                                            kMaxOptimizerSlots, " are possible"));
  }
  for (const auto& table : manifest.tables()) {
    const bool rows = table.kind() == v1::TableSpec::ROWS;
    if (!rows && table.kind() != v1::TableSpec::DENSE) {
      return absl::DataLossError(absl::StrCat(path, ": table ", table.name(), " is of an unknown kind"));
    }
    if (table.columns() == 0 || table.columns() > 1 << 20 || table.rows() > uint64_t{1} << 40 ||
        (!rows && DenseFloats(table) > kMaxDenseFloats)) {
      return absl::DataLossError(absl::StrCat(path, ": table ", table.name(), " has an impossible shape"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckChecksum(Files& files, const std::string& folder, const std::string& path, const std::string& json) {
  const std::string checksum_path = absl::StrCat(folder, "/", kManifestChecksumName);
  const auto checksum = ReadFile(files, checksum_path, kMaxChecksumBytes);
  if (absl::IsNotFound(checksum.status())) return absl::OkStatus();
  if (absl::IsOutOfRange(checksum.status())) {
    return absl::DataLossError(absl::StrCat(checksum_path, ": longer than a checksum"));
  }
  if (!checksum.ok()) return checksum.status();
  if (*checksum == ChecksumText(json)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, ": damaged: its checksum is not that in ", kManifestChecksumName));
}

}  // namespace

absl::StatusOr<v1::Manifest> ReadManifest(Files& files, const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", kManifestName);
  auto json = ReadFile(files, path, kMaxManifestBytes);
  if (!json.ok()) {
    return absl::Status(json.status().code(),
                        absl::StrCat(folder, " is no model or checkpoint folder: ", json.status().message()));
  }
  if (absl::Status status = CheckChecksum(files, folder, path, *json); !status.ok()) return status;
  // As older programs wrote it.
  absl::StrReplaceAll({{"\"consistency\": \"CONSISTENCY_SYNC\"", "\"consistency\": {\"sync\": {}}"}}, &*json);
  v1::Manifest manifest;
  if (auto status = google::protobuf::util::JsonStringToMessage(*json, &manifest); !status.ok()) {
    return absl::DataLossError(absl::StrCat(path, ": not a manifest: ", status.ToString()));
  }
  if (manifest.format() != kCheckpointFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": format ", manifest.format(), "; this program reads format ", kCheckpointFormat));
  }
  for (const auto check : {CheckNames, CheckShapes, CheckShards}) {
    if (absl::Status status = check(path, manifest); !status.ok()) return status;
  }
  return manifest;
}

absl::Status WriteManifest(Files& files, const std::string& folder, const v1::Manifest& manifest) {
  const std::string json = MessageToJson(manifest);
  const std::string path = absl::StrCat(folder, "/", kManifestName);
  if (absl::Status status = WriteFileDurably(files, path, json); !status.ok()) return status;
  return WriteFileDurably(files, absl::StrCat(folder, "/", kManifestChecksumName), ChecksumText(json));
}

}  // namespace pumasi
