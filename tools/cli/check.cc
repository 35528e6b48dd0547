// pumasi check: whether a model or checkpoint is whole.
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/parameters_hash.h"
#include "common/exit_code.h"
#include "common/file.h"
#include "ops/optimizer_row_values.h"
#include "tools/cli/commands.h"
#include "tools/cli/json.h"

namespace pumasi {
namespace {

struct Checked {
  v1::Manifest manifest;
  uint64_t bytes = 0;
  std::string parameters_sha256;
};

absl::StatusOr<Checked> CheckFolder(const std::string& folder) {
  auto model = ModelFolder::Open(RealFiles(), folder);
  if (!model.ok()) return model.status();
  if (absl::Status status = (*model)->Verify(); !status.ok()) return status;
  Checked checked;
  checked.manifest = (*model)->manifest();
  const v1::Manifest& manifest = checked.manifest;
  for (const auto& file : manifest.shards()) checked.bytes += file.size();
  for (const auto& file : manifest.assets()) checked.bytes += file.size();
  auto values = OptimizerRowValues::Of(manifest);
  if (!values.ok()) return values.status();
  auto hash = ParametersSha256(**model, **values);
  if (!hash.ok()) return hash.status();
  checked.parameters_sha256 = *hash;
  if (!manifest.parameters_sha256().empty() && manifest.parameters_sha256() != *hash) {
    return absl::DataLossError(absl::StrCat(folder, ": its parameters have sha256 ", *hash, ", the manifest says ",
                                            manifest.parameters_sha256()));
  }
  return checked;
}

}  // namespace

int Check(const CheckFlags& flags) {
  const auto checked = CheckFolder(flags.model);
  if (flags.json) {
    Json json;
    json["model"] = flags.model;
    json["whole"] = checked.ok();
    if (checked.ok()) {
      json["job"] = checked->manifest.job_id();
      json["version"] = checked->manifest.progress().version();
      json["files"] = checked->manifest.shards_size() + checked->manifest.assets_size();
      json["bytes"] = checked->bytes;
      json["parameters_sha256"] = checked->parameters_sha256;
    } else {
      json["problem"] = std::string(checked.status().message());
    }
    std::printf("%s\n", json.dump(2).c_str());
    return checked.ok() ? kExitOk : ExitCodeOf(checked.status());
  }
  if (!checked.ok()) return PrintError(checked.status());
  std::printf("%s: whole: job %s after %llu batches, %d files, %llu bytes\nparameters sha256: %s\n",
              flags.model.c_str(), checked->manifest.job_id().c_str(),
              static_cast<unsigned long long>(checked->manifest.progress().version()),
              checked->manifest.shards_size() + checked->manifest.assets_size(),
              static_cast<unsigned long long>(checked->bytes), checked->parameters_sha256.c_str());
  return kExitOk;
}

}  // namespace pumasi
