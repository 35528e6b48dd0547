#include "scheduler/checkpoint_folder.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/checkpoint/manifest.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/parameters_hash.h"
#include "common/crc32c.h"
#include "common/failpoint.h"
#include "common/message_json.h"
#include "ops/optimizer_row_values.h"
#include "scheduler/checkpoint_chain.h"

namespace pumasi {
namespace {

absl::StatusOr<std::string> HashOf(Files& files, const std::string& folder, const RowValues& values) {
  auto model = ModelFolder::Open(files, folder);
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

// Was this very checkpoint completed before, by a scheduler that died before it could note it?
absl::StatusOr<bool> IsComplete(Files& files, const std::string& output, const JobRun::FinishCheckpoint& checkpoint) {
  const auto unfinished = files.Exists(absl::StrCat(output, "/", checkpoint.folder));
  if (!unfinished.ok()) return unfinished.status();
  if (*unfinished) return false;
  const auto manifest = ReadManifest(files, absl::StrCat(output, "/", checkpoint.name));
  if (absl::IsNotFound(manifest.status())) return false;
  if (!manifest.ok()) return manifest.status();
  std::map<std::string, std::pair<uint64_t, uint32_t>> there;
  for (const auto& file : manifest->shards()) there[file.name()] = {file.size(), file.crc32c()};
  return manifest->job_id() == checkpoint.manifest.job_id() &&
         std::all_of(checkpoint.manifest.shards().begin(), checkpoint.manifest.shards().end(), [&](const auto& file) {
           const auto found = there.find(file.name());
           return found != there.end() && found->second == std::pair(file.size(), file.crc32c());
         });
}

}  // namespace

absl::StatusOr<std::string> CompleteCheckpoint(Files& files, const std::string& output,
                                               const JobRun::FinishCheckpoint& checkpoint, const Assets& assets) {
  if (absl::Status status = PUMASI_FAILPOINT("scheduler.checkpoint.begun"); !status.ok()) return status;
  const auto complete = IsComplete(files, output, checkpoint);
  if (!complete.ok()) return complete.status();
  if (*complete) {
    // Its name may not be durable yet.
    if (absl::Status status = files.SyncFolder(output); !status.ok()) return status;
    const auto manifest = ReadManifest(files, absl::StrCat(output, "/", checkpoint.name));
    if (!manifest.ok()) return manifest.status();
    return manifest->parameters_sha256();
  }
  const std::string folder = absl::StrCat(output, "/", checkpoint.folder);
  v1::Manifest manifest = checkpoint.manifest;
  manifest.set_format(kCheckpointFormat);
  auto values = OptimizerRowValues::Of(manifest);
  if (!values.ok()) return values.status();
  for (const std::string& slot : (*values)->slot_names()) manifest.add_optimizer_slots(slot);
  if (absl::Status status = CheckShardFiles(files, folder, manifest); !status.ok()) return status;
  const bool delta = std::any_of(manifest.shards().begin(), manifest.shards().end(),
                                 [](const v1::Manifest::File& file) { return file.since() > 0; });
  if (delta) {
    if (absl::Status status = AddBaseFiles(files, output + "/" + checkpoint.base, folder, &manifest); !status.ok())
      return status;
  }
  Assets written = assets;
  written["job.json"] = MessageToJson(manifest.job());
  for (const auto& [name, contents] : written) {
    if (absl::Status status = WriteFileDurably(files, folder + "/" + name, contents); !status.ok()) return status;
    auto* asset = manifest.add_assets();
    asset->set_name(name);
    asset->set_size(contents.size());
    asset->set_crc32c(Crc32c(contents));
  }
  RemoveUnnamed(files, folder, manifest);
  if (absl::Status status = WriteManifest(files, folder, manifest); !status.ok()) return status;
  std::string hash;
  if (checkpoint.final) {
    auto computed = HashOf(files, folder, **values);
    if (!computed.ok()) return computed.status();
    hash = *std::move(computed);
    manifest.set_parameters_sha256(hash);
    if (absl::Status status = WriteManifest(files, folder, manifest); !status.ok()) return status;
  }
  if (absl::Status status = Replace(files, output, folder, output + "/" + checkpoint.name); !status.ok()) return status;
  if (absl::Status status = PUMASI_FAILPOINT("scheduler.checkpoint.named"); !status.ok()) return status;
  return hash;
}

void RemoveOldCheckpoints(Files& files, const std::string& output, const std::string& newest, uint32_t keep) {
  auto names = files.List(output);
  if (!names.ok()) return;
  // The names sort by age: they carry the version with leading zeros.
  std::vector<std::string> checkpoints, litter;
  for (const std::string& name : *names) {
    if (absl::StartsWith(name, "checkpoint-") && name != newest) checkpoints.push_back(name);
    if (absl::StartsWith(name, ".checkpoint-") && name.substr(0, newest.size() + 1) <= "." + newest)
      litter.push_back(name);
  }
  const size_t others = keep > 0 ? keep - 1 : 0;
  for (size_t i = 0; i + others < checkpoints.size(); ++i) {
    // A folder that is being removed is no checkpoint any more, also after a crash: first its name goes.
    const std::string old = absl::StrCat(".", checkpoints[i], ".old");
    (void)files.RemoveFolder(absl::StrCat(output, "/", old));
    if (!files.Rename(absl::StrCat(output, "/", checkpoints[i]), absl::StrCat(output, "/", old)).ok()) continue;
    litter.push_back(old);
  }
  if (litter.empty() || !files.SyncFolder(output).ok()) return;
  for (const std::string& name : litter) (void)files.RemoveFolder(absl::StrCat(output, "/", name));
}

}  // namespace pumasi
