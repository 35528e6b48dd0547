// What a checkpoint folder says about itself: manifest.json, and beside it a checksum of its text.
#ifndef PUMASI_COMMON_CHECKPOINT_MANIFEST_H_
#define PUMASI_COMMON_CHECKPOINT_MANIFEST_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/file.h"
#include "proto/checkpoint.pb.h"

namespace pumasi {

inline constexpr char kManifestName[] = "manifest.json";
// CRC32C of the manifest's bytes: eight hexadecimal digits and a line feed.
inline constexpr char kManifestChecksumName[] = "manifest.crc32c";
inline constexpr uint32_t kCheckpointFormat = 1;

// Reads and checks manifest.json: shapes are possible, names stay in the folder, shards are in order and each that
// holds changes follows on others. NotFound if there is none, FailedPrecondition if it is of another format, DataLoss
// if it is damaged. A folder without the checksum's file is one of an older program, and taken.
absl::StatusOr<v1::Manifest> ReadManifest(Files& files, const std::string& folder);

// Writes both files durably, the manifest by common/message_json.h. A crash in between leaves a folder that is refused:
// for folders that do not have their final name yet.
absl::Status WriteManifest(Files& files, const std::string& folder, const v1::Manifest& manifest);

}  // namespace pumasi

#endif  // PUMASI_COMMON_CHECKPOINT_MANIFEST_H_
