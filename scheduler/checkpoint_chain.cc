#include "scheduler/checkpoint_chain.h"

#include <memory>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/checkpoint/manifest.h"

namespace pumasi {
namespace {

constexpr size_t kCopyBytes = 1 << 20;

absl::Status Copy(Files& files, const std::string& from, const std::string& to) {
  auto source = files.Open(from);
  if (!source.ok()) return source.status();
  auto copy = files.Create(to);
  if (!copy.ok()) return copy.status();
  std::vector<char> block(kCopyBytes);
  for (uint64_t offset = 0;;) {
    const auto got = (*source)->Read(offset, block.data(), block.size());
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    if (absl::Status status = (*copy)->Write({block.data(), *got}); !status.ok()) return status;
    offset += *got;
  }
  if (absl::Status status = (*copy)->Sync(); !status.ok()) return status;
  return (*copy)->Close();
}

// An earlier attempt may have left something of that name.
absl::Status LinkOrCopy(Files& files, const std::string& from, const std::string& to) {
  absl::Status status = files.Link(from, to);
  if (absl::IsAlreadyExists(status)) {
    if (absl::Status removed = files.Remove(to); !removed.ok()) return removed;
    status = files.Link(from, to);
  }
  return absl::IsUnimplemented(status) ? Copy(files, from, to) : status;
}

}  // namespace

absl::Status CheckShardFiles(Files& files, const std::string& folder, const v1::Manifest& manifest) {
  for (const auto& file : manifest.shards()) {
    const std::string path = absl::StrCat(folder, "/", file.name());
    auto opened = files.Open(path);
    if (!opened.ok()) return opened.status();
    if ((*opened)->size() != file.size()) {
      return absl::DataLossError(absl::StrCat(path, ": ", (*opened)->size(), " bytes, its server wrote ", file.size()));
    }
  }
  return absl::OkStatus();
}

absl::Status AddBaseFiles(Files& files, const std::string& base, const std::string& folder, v1::Manifest* manifest) {
  const auto before = ReadManifest(files, base);
  if (!before.ok()) return before.status();
  std::set<std::string> names;
  for (const auto& file : manifest->shards()) {
    names.insert(file.name());
    // One that holds all rows follows on any.
    if (file.since() == 0 || file.since() == before->progress().version()) continue;
    return absl::FailedPreconditionError(absl::StrCat(base, ": of version ", before->progress().version(), ", but ",
                                                      file.name(), " holds the changes since ", file.since()));
  }
  google::protobuf::RepeatedPtrField<v1::Manifest::File> all = before->shards();
  for (const auto& file : before->shards()) {
    if (!names.insert(file.name()).second) {
      return absl::FailedPreconditionError(absl::StrCat(base, ": ", file.name(), " is in the new checkpoint, too"));
    }
    const std::string from = absl::StrCat(base, "/", file.name()), to = absl::StrCat(folder, "/", file.name());
    if (absl::Status status = LinkOrCopy(files, from, to); !status.ok()) return status;
  }
  all.MergeFrom(manifest->shards());
  manifest->mutable_shards()->Swap(&all);
  return absl::OkStatus();
}

void RemoveUnnamed(Files& files, const std::string& folder, const v1::Manifest& manifest) {
  const auto names = files.List(folder);
  if (!names.ok()) return;
  std::set<std::string> named = {kManifestName, kManifestChecksumName};
  for (const auto* list : {&manifest.shards(), &manifest.assets()}) {
    for (const auto& file : *list) named.insert(file.name());
  }
  for (const std::string& name : *names) {
    if (named.count(name) == 0) files.Remove(absl::StrCat(folder, "/", name)).IgnoreError();
  }
}

}  // namespace pumasi
