#include "server/hosting_effects.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/push_log.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<Shard>> MakeShard(const ShardWish& wish, Files& files, const FindFolder& find) {
  const auto path = [&](const std::string& named) { return find == nullptr ? named : find(named); };
  Shard::Options options = wish.options;
  std::unique_ptr<ModelFolder> checkpoint;
  if (!wish.resume.empty()) {
    auto folder = path(wish.resume);
    if (!folder.ok()) return folder.status();
    auto opened = ModelFolder::Open(files, *folder);
    if (!opened.ok()) return opened.status();
    checkpoint = *std::move(opened);
  }
  const uint64_t start = wish.options.first_version;
  if (!wish.push_log.empty()) {
    options.first_version =
        std::min(start, checkpoint == nullptr ? 0 : uint64_t{checkpoint->manifest().progress().version()});
  }
  auto shard = Shard::Create(options);
  if (!shard.ok()) return shard;
  if (checkpoint != nullptr) {
    if (absl::Status status = (*shard)->Load(*checkpoint); !status.ok()) return status;
  }
  if (options.first_version == start) return shard;
  auto folder = path(wish.push_log);
  if (!folder.ok()) return folder.status();
  auto log = PushLog::Open(files, *folder);
  if (!log.ok()) return log.status();
  const absl::Status status = (*shard)->Replay(**log, start);
  if (absl::IsNotFound(status) || absl::IsDataLoss(status)) {
    return absl::Status(status.code(), absl::StrCat(*folder, ": ", status.message()));
  }
  if (!status.ok()) return status;
  return shard;
}

}  // namespace pumasi
