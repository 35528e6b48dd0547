#include "tests/simulation/disk/sim_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <stdexcept>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/errno_status.h"

namespace pumasi::sim {
namespace {

std::vector<std::string> Parts(const std::string& path) {
  std::vector<std::string> parts;
  for (absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part != ".") parts.emplace_back(part);
  }
  return parts;
}

SimInodePtr NewInode(bool folder) {
  auto inode = std::make_shared<SimInode>();
  inode->folder = folder;
  return inode;
}

// Calls `visit` once for each file and folder that is seen, in the order of names, folders before what is in them.
template <typename Visit>
void VisitAll(const SimInodePtr& inode, std::set<const SimInode*>* seen, const Visit& visit) {
  if (!seen->insert(inode.get()).second) return;
  visit(*inode);
  for (const auto& [name, inner] : inode->names.seen()) VisitAll(inner, seen, visit);
}

// `folder` or something in it is `inode`.
bool Contains(const SimInodePtr& folder, const SimInodePtr& inode) {
  bool found = false;
  std::set<const SimInode*> seen;
  VisitAll(folder, &seen, [&](SimInode& inner) { found = found || &inner == inode.get(); });
  return found;
}

}  // namespace

class SimFiles::Writable : public WritableFile {
 public:
  Writable(SimFiles* disk, std::string path, SimInodePtr inode)
      : disk_(disk), path_(std::move(path)), inode_(std::move(inode)), crashes_(disk->crashes_) {}

  absl::Status Write(absl::string_view data) override {
    if (absl::Status status = Step(true); !status.ok()) return status;
    const uint64_t capacity = disk_->faults.capacity;
    if (capacity > 0) {
      const uint64_t used = disk_->BytesUsed(), space = capacity - std::min(capacity, used);
      if (data.size() > space) {
        inode_->contents.Append(data.substr(0, space));
        return ErrnoStatus(ENOSPC, path_, "write");
      }
    }
    inode_->contents.Append(data);
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    absl::Status status = Step(true);
    return status.ok() ? disk_->Sync(path_, *inode_) : status;
  }

  absl::Status Close() override { return Step(false); }

 private:
  absl::Status Step(bool changes) const {
    if (crashes_ != disk_->crashes_) return absl::UnavailableError(path_ + ": was opened before a crash");
    return disk_->Step(path_, changes);
  }

  SimFiles* const disk_;
  const std::string path_;
  const SimInodePtr inode_;
  const uint64_t crashes_;
};

class SimFiles::Readable : public ReadableFile {
 public:
  Readable(SimFiles* disk, std::string path, SimInodePtr inode)
      : disk_(disk), path_(std::move(path)), inode_(std::move(inode)), crashes_(disk->crashes_) {}

  uint64_t size() const override { return inode_->contents.seen().size(); }

  absl::StatusOr<size_t> Read(uint64_t offset, char* to, size_t size) const override {
    if (crashes_ != disk_->crashes_) return absl::UnavailableError(path_ + ": was opened before a crash");
    if (absl::Status status = disk_->ReadFault(path_); !status.ok()) return status;
    const std::string& bytes = inode_->contents.seen();
    if (offset >= bytes.size()) return size_t{0};
    const size_t got = std::min<uint64_t>(size, bytes.size() - offset);
    std::memcpy(to, bytes.data() + offset, got);
    disk_->MaybeFlip(to, got);
    return got;
  }

 private:
  SimFiles* const disk_;
  const std::string path_;
  const SimInodePtr inode_;
  const uint64_t crashes_;
};

class SimFiles::Mapped : public MappedFile {
 public:
  Mapped(SimFiles* disk, std::string bytes) : bytes_(std::move(bytes)) { disk->MaybeFlip(&bytes_[0], bytes_.size()); }

  const char* data() const override { return bytes_.empty() ? nullptr : bytes_.data(); }
  uint64_t size() const override { return bytes_.size(); }

 private:
  std::string bytes_;
};

SimFiles::SimFiles(Random random) : random_(random), root_(NewInode(true)) {}

absl::Status SimFiles::Step(const std::string& path, bool changes) {
  if (stopped()) return absl::UnavailableError(path + ": the machine has stopped");
  if (changes) ++operations_;
  return absl::OkStatus();
}

void SimFiles::StopAfter(uint64_t operations) { stop_at_ = operations_ + operations; }

void SimFiles::Crash() {
  ++crashes_;
  stop_at_ = ~uint64_t{0};
  // A folder's names before what is in it: what a crash takes away need not be decided on.
  std::set<const SimInode*> seen;
  VisitAll(root_, &seen, [&](SimInode& inode) {
    if (inode.folder) {
      inode.names.Crash(random_);
    } else {
      inode.contents.Crash(random_);
    }
  });
}

absl::StatusOr<SimFiles::Place> SimFiles::Find(const std::string& path) const {
  Place place{root_, "", root_};
  for (const std::string& part : Parts(path)) {
    if (place.inode == nullptr) return ErrnoStatus(ENOENT, path, "find");
    if (!place.inode->folder) return ErrnoStatus(ENOTDIR, path, "find");
    place = {place.inode, part, place.inode->names.Find(part)};
  }
  return place;
}

absl::Status SimFiles::ReadFault(const std::string& path) {
  if (absl::Status status = Step(path, false); !status.ok()) return status;
  return random_.Chance(faults.fail_read) ? ErrnoStatus(EIO, path, "read") : absl::OkStatus();
}

void SimFiles::MaybeFlip(char* data, uint64_t size) {
  if (size == 0 || !random_.Chance(faults.flip_read)) return;
  const uint64_t bit = random_.Below(size * 8);
  data[bit / 8] ^= static_cast<char>(1 << bit % 8);
}

uint64_t SimFiles::BytesUsed() const {
  uint64_t bytes = 0;
  std::set<const SimInode*> seen;
  VisitAll(root_, &seen, [&](SimInode& inode) { bytes += inode.contents.seen().size(); });
  return bytes;
}

void SimFiles::FlipBit(const std::string& path, uint64_t bit) {
  const auto place = Find(path);
  if (!place.ok() || place->inode == nullptr) throw std::logic_error("no file " + path);
  place->inode->contents.FlipBit(bit);
}

absl::StatusOr<SimInodePtr> SimFiles::FindFile(const std::string& path) {
  if (absl::Status status = ReadFault(path); !status.ok()) return status;
  auto place = Find(path);
  if (!place.ok()) return place.status();
  if (place->inode == nullptr) return ErrnoStatus(ENOENT, path, "open");
  if (place->inode->folder) return ErrnoStatus(EISDIR, path, "open");
  return place->inode;
}

absl::StatusOr<std::unique_ptr<ReadableFile>> SimFiles::Open(const std::string& path) {
  auto inode = FindFile(path);
  if (!inode.ok()) return inode.status();
  return absl::make_unique<Readable>(this, path, *inode);
}

absl::StatusOr<std::unique_ptr<MappedFile>> SimFiles::OpenMapped(const std::string& path) {
  auto inode = FindFile(path);
  if (!inode.ok()) return inode.status();
  return absl::make_unique<Mapped>(this, (*inode)->contents.seen());
}

absl::StatusOr<std::unique_ptr<WritableFile>> SimFiles::Create(const std::string& path, CreateOptions options) {
  if (absl::Status status = Step(path, true); !status.ok()) return status;
  auto place = Find(path);
  if (!place.ok()) return place.status();
  if (place->inode == nullptr) {
    place->inode = NewInode(false);
    place->folder->names.Apply({{place->name, place->inode}});
  } else if (options.exclusive) {
    return ErrnoStatus(EEXIST, path, "create");
  } else if (place->inode->folder) {
    return ErrnoStatus(EISDIR, path, "create");
  } else {
    place->inode->contents.Clear();
  }
  return absl::make_unique<Writable>(this, path, place->inode);
}

absl::Status SimFiles::Rename(const std::string& from, const std::string& to) {
  if (absl::Status status = Step(from, true); !status.ok()) return status;
  const auto source = Find(from), target = Find(to);
  if (!source.ok()) return source.status();
  if (!target.ok()) return target.status();
  if (source->inode == nullptr) return ErrnoStatus(ENOENT, from, "rename to " + to);
  if (source->inode == target->inode) return absl::OkStatus();
  if (Contains(source->inode, target->folder)) return ErrnoStatus(EINVAL, from, "rename to " + to);
  if (target->inode != nullptr) {
    if (target->inode->folder != source->inode->folder) {
      return ErrnoStatus(target->inode->folder ? EISDIR : ENOTDIR, from, "rename to " + to);
    }
    if (!target->inode->names.seen().empty()) return ErrnoStatus(ENOTEMPTY, from, "rename to " + to);
  }
  if (source->folder == target->folder) {
    source->folder->names.Apply({{source->name, nullptr}, {target->name, source->inode}});
  } else {
    // The new name first: a crash leaves both rather than none, unless the folders are synced apart.
    target->folder->names.Apply({{target->name, source->inode}});
    source->folder->names.Apply({{source->name, nullptr}});
  }
  return absl::OkStatus();
}

absl::Status SimFiles::Link(const std::string& from, const std::string& to) {
  if (faults.no_links) return absl::UnimplementedError(from + ": the file system can't link");
  if (absl::Status status = Step(from, true); !status.ok()) return status;
  const auto source = Find(from), target = Find(to);
  if (!source.ok()) return source.status();
  if (!target.ok()) return target.status();
  if (source->inode == nullptr) return ErrnoStatus(ENOENT, from, "link to " + to);
  if (source->inode->folder) return ErrnoStatus(EPERM, from, "link to " + to);
  if (target->inode != nullptr) return ErrnoStatus(EEXIST, from, "link to " + to);
  target->folder->names.Apply({{target->name, source->inode}});
  return absl::OkStatus();
}

absl::Status SimFiles::Exchange(const std::string& a, const std::string& b) {
  if (faults.no_exchange) return absl::UnimplementedError(a + ": the file system can't exchange names");
  if (absl::Status status = Step(a, true); !status.ok()) return status;
  const auto first = Find(a), second = Find(b);
  for (const auto* place : {&first, &second}) {
    if (!place->ok()) return place->status();
    if ((*place)->inode == nullptr) return ErrnoStatus(ENOENT, a, "exchange with " + b);
  }
  // Between two folders two changes would be needed that a crash can part.
  if (first->folder != second->folder) return absl::UnimplementedError(a + ": can't exchange names of two folders");
  first->folder->names.Apply({{first->name, second->inode}, {second->name, first->inode}});
  return absl::OkStatus();
}

absl::Status SimFiles::Remove(const std::string& path) {
  if (absl::Status status = Step(path, true); !status.ok()) return status;
  const auto place = Find(path);
  if (!place.ok()) return place.status();
  if (place->inode == nullptr) return ErrnoStatus(ENOENT, path, "remove");
  if (place->inode->folder) return ErrnoStatus(EISDIR, path, "remove");
  place->folder->names.Apply({{place->name, nullptr}});
  return absl::OkStatus();
}

absl::Status SimFiles::RemoveFolder(const std::string& path) {
  const auto place = Find(path);
  if (absl::Status status = Step(path, false); !status.ok()) return status;
  if (!place.ok() || place->inode == nullptr) return absl::OkStatus();
  if (place->inode->folder) {
    const std::map<std::string, SimInodePtr> names = place->inode->names.seen();
    for (const auto& [name, inode] : names) {
      if (absl::Status status = RemoveFolder(absl::StrCat(path, "/", name)); !status.ok()) return status;
    }
  }
  if (absl::Status status = Step(path, true); !status.ok()) return status;
  place->folder->names.Apply({{place->name, nullptr}});
  return absl::OkStatus();
}

absl::Status SimFiles::MakeFolder(const std::string& path) {
  if (absl::Status status = Step(path, false); !status.ok()) return status;
  SimInodePtr folder = root_;
  for (const std::string& part : Parts(path)) {
    SimInodePtr next = folder->names.Find(part);
    if (next == nullptr) {
      if (absl::Status status = Step(path, true); !status.ok()) return status;
      next = NewInode(true);
      folder->names.Apply({{part, next}});
      if (random_.Chance(faults.fail_sync)) {
        folder->names.FailSync(random_);
        folder->names.Apply({{part, nullptr}});
        return ErrnoStatus(EIO, path, "sync to disk");
      }
      folder->names.Sync();
    }
    if (!next->folder) return ErrnoStatus(ENOTDIR, path, "make this folder");
    folder = next;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> SimFiles::List(const std::string& folder) {
  if (absl::Status status = Step(folder, false); !status.ok()) return status;
  const auto place = Find(folder);
  if (!place.ok()) return place.status();
  if (place->inode == nullptr) return ErrnoStatus(ENOENT, folder, "list");
  if (!place->inode->folder) return ErrnoStatus(ENOTDIR, folder, "list");
  std::vector<std::string> names;
  for (const auto& [name, inode] : place->inode->names.seen()) names.push_back(name);
  return names;
}

absl::Status SimFiles::Sync(const std::string& path, SimInode& file) {
  if (random_.Chance(faults.fail_sync)) {
    file.contents.FailSync(random_);
    return ErrnoStatus(EIO, path, "sync to disk");
  }
  file.contents.Sync();
  return absl::OkStatus();
}

absl::Status SimFiles::SyncFile(const std::string& path) {
  if (absl::Status status = Step(path, true); !status.ok()) return status;
  const auto file = FindFile(path);
  return file.ok() ? Sync(path, **file) : file.status();
}

absl::Status SimFiles::SyncFolder(const std::string& folder) {
  if (absl::Status status = Step(folder, true); !status.ok()) return status;
  const auto place = Find(folder);
  if (!place.ok()) return place.status();
  if (place->inode == nullptr) return ErrnoStatus(ENOENT, folder, "open");
  if (random_.Chance(faults.fail_sync)) {
    place->inode->names.FailSync(random_);
    return ErrnoStatus(EIO, folder, "sync to disk");
  }
  place->inode->names.Sync();
  return absl::OkStatus();
}

absl::StatusOr<bool> SimFiles::Exists(const std::string& path) {
  if (absl::Status status = Step(path, false); !status.ok()) return status;
  const auto place = Find(path);
  return place.ok() && place->inode != nullptr;
}

}  // namespace pumasi::sim
