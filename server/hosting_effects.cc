#include "server/hosting_effects.h"

#include "common/checkpoint/model_folder.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<Shard>> MakeShard(const ShardWish& wish, Files& files, const FindFolder& find) {
  auto shard = Shard::Create(wish.options);
  if (!shard.ok() || wish.resume.empty()) return shard;
  auto folder = find == nullptr ? wish.resume : find(wish.resume);
  if (!folder.ok()) return folder.status();
  auto checkpoint = ModelFolder::Open(files, *folder);
  if (!checkpoint.ok()) return checkpoint.status();
  if (absl::Status status = (*shard)->Load(**checkpoint); !status.ok()) return status;
  return shard;
}

}  // namespace pumasi
