#include "scheduler/checkpoint_folder.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/parameters_hash.h"
#include "common/crc32c.h"
#include "common/message_json.h"
#include "ops/optimizer_row_values.h"

namespace pumasi {
namespace {

absl::StatusOr<std::string> HashOf(const std::string& folder, const RowValues& values) {
  auto model = ModelFolder::Open(folder);
  if (!model.ok()) return model.status();
  if (absl::Status status = (*model)->Verify(); !status.ok()) return status;
  return ParametersSha256(**model, values);
}

// Puts `from`, a folder, in the place of `to`, which may be one that is not empty. In one step where the file system
// can: then there is one of the two at any moment, also after a crash. Otherwise (rename(2) replaces no folder that is
// not empty) a crash between two renames leaves the older one as .NAME.old.
absl::Status Replace(Files& files, const std::string& output, const std::string& from, const std::string& to) {
  const std::string old = absl::StrCat(output, "/.", to.substr(to.rfind('/') + 1), ".old");
  auto there = files.Exists(to);
  if (!there.ok()) return there.status();
  if (!*there) {
    if (absl::Status status = files.Rename(from, to); !status.ok()) return status;
    absl::Status status = files.SyncFolder(output);
    if (!status.ok()) (void)files.Rename(to, from);
    return status;
  }
  if (absl::Status status = files.RemoveFolder(old); !status.ok()) return status;
  if (absl::Status exchanged = files.Exchange(from, to); exchanged.ok()) {
    if (absl::Status status = files.SyncFolder(output); !status.ok()) {
      (void)files.Exchange(from, to);
      return status;
    }
    (void)files.Rename(from, old);
  } else if (!absl::IsUnimplemented(exchanged)) {
    return exchanged;
  } else {
    if (absl::Status status = files.Rename(to, old); !status.ok()) return status;
    if (absl::Status status = files.Rename(from, to); !status.ok()) {
      (void)files.Rename(old, to);
      return status;
    }
    if (absl::Status status = files.SyncFolder(output); !status.ok()) {
      if (files.Rename(to, from).ok()) (void)files.Rename(old, to);
      return status;
    }
  }
  // The new one is in place and durable: what is left of the old one is litter, which the next checkpoint clears away.
  (void)files.RemoveFolder(old);
  return absl::OkStatus();
}

// The names sort by age: they carry the version with leading zeros. `newest` stays in any case: where a job went on
// from an older checkpoint, later ones of the run before it may lie there.
void RemoveOld(Files& files, const std::string& output, const std::string& newest, uint32_t keep) {
  auto names = files.List(output);
  if (!names.ok()) return;
  std::vector<std::string> checkpoints;
  for (const std::string& name : *names) {
    if (absl::StartsWith(name, "checkpoint-") && name != newest) checkpoints.push_back(name);
  }
  const size_t others = keep > 0 ? keep - 1 : 0;
  for (size_t i = 0; i + others < checkpoints.size(); ++i)
    (void)files.RemoveFolder(absl::StrCat(output, "/", checkpoints[i]));
}

}  // namespace

absl::StatusOr<std::string> CompleteCheckpoint(Files& files, const std::string& output,
                                               const JobRun::FinishCheckpoint& checkpoint, const Assets& assets) {
  const std::string folder = absl::StrCat(output, "/", checkpoint.folder);
  v1::Manifest manifest = checkpoint.manifest;
  manifest.set_format(kCheckpointFormat);
  auto values = OptimizerRowValues::Of(manifest);
  if (!values.ok()) return values.status();
  for (const std::string& slot : (*values)->slot_names()) manifest.add_optimizer_slots(slot);
  for (const auto& [name, contents] : assets) {
    if (absl::Status status = WriteFileDurably(files, folder + "/" + name, contents); !status.ok()) return status;
    auto* asset = manifest.add_assets();
    asset->set_name(name);
    asset->set_size(contents.size());
    asset->set_crc32c(Crc32c(contents));
  }
  if (absl::Status status = WriteFileDurably(files, folder + "/job.json", MessageToJson(manifest.job())); !status.ok())
    return status;
  const std::string manifest_path = absl::StrCat(folder, "/", kManifestName);
  if (absl::Status status = WriteFileDurably(files, manifest_path, MessageToJson(manifest)); !status.ok())
    return status;
  std::string hash;
  if (checkpoint.final) {
    auto computed = HashOf(folder, **values);
    if (!computed.ok()) return computed.status();
    hash = *std::move(computed);
    manifest.set_parameters_sha256(hash);
    if (absl::Status status = WriteFileDurably(files, manifest_path, MessageToJson(manifest)); !status.ok())
      return status;
  }
  if (absl::Status status = Replace(files, output, folder, output + "/" + checkpoint.name); !status.ok()) return status;
  if (!checkpoint.final) RemoveOld(files, output, checkpoint.name, checkpoint.keep);
  return hash;
}

}  // namespace pumasi
