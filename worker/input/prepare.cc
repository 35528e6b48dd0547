#include "worker/input/prepare.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/errno_status.h"
#include "common/file.h"
#include "common/sha256.h"
#include "worker/input/build_entry.h"
#include "worker/input/cache_entry.h"
#include "worker/input/cache_key.h"
#include "worker/input/cache_lock.h"
#include "worker/input/content_hash.h"
#include "worker/input/data_files.h"
#include "worker/input/encode_file.h"
#include "worker/input/label_kind.h"
#include "worker/input/label_set.h"
#include "worker/input/synthetic.h"

namespace pumasi {
namespace {

absl::Status Prefix(absl::string_view what, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(what, ": ", status.message()));
}

absl::StatusOr<Prepared> PrepareSynthetic(const v1::Job& job) {
  if (LabelKindOf(job.loss()) != LabelKind::kClass) {
    return absl::InvalidArgumentError("data.synthetic: made-up rows have one class each; loss has to be cross_entropy");
  }
  const v1::Synthetic& config = job.data().synthetic();
  auto sources = SyntheticRows::Make(config, job.seed());
  if (!sources.ok()) return sources.status();
  Prepared prepared;
  prepared.train = std::move(sources->train);
  prepared.test = std::move(sources->test);
  Sha256 sha;
  HashField("synthetic",
            absl::StrCat(config.rows(), " ", config.test_rows(), " ", config.words(), " ", config.vocabulary(), " ",
                         config.classes()),
            &sha);
  const double zipf = config.zipf();
  HashField("zipf", absl::string_view(reinterpret_cast<const char*>(&zipf), sizeof(zipf)), &sha);
  HashField("seed", absl::StrCat(job.seed()), &sha);
  const auto digest = sha.Digest();
  prepared.summary.set_fingerprint(digest.data(), digest.size());
  prepared.summary.set_train_rows(config.rows());
  prepared.summary.set_test_rows(config.test_rows());
  prepared.summary.set_vocabulary(config.vocabulary());
  prepared.summary.set_classes(config.classes());
  return prepared;
}

absl::Status CheckDataSettings(const v1::Job& job) {
  const v1::Data& data = job.data();
  if (data.train().empty()) return absl::InvalidArgumentError("data.train is missing; name a file, folder or glob");
  if (data.label().empty()) return absl::InvalidArgumentError("data.label is missing; name the column with the labels");
  if (data.format() != v1::FORMAT_CSV) {
    return absl::InvalidArgumentError(absl::StrCat("data.format is ", v1::Format_Name(data.format()), "; csv is read"));
  }
  if (LabelKindOf(job.loss()) != LabelKind::kClass && data.label_separator().empty()) {
    return absl::InvalidArgumentError("data.label_separator is empty; say what stands between two labels, as in \"|\"");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<KeyedFile>> DigestFiles(const std::vector<std::string>& files, const std::string& cache,
                                                   int threads, ProgressTracker* tracker) {
  std::vector<KeyedFile> keyed;
  for (const std::string& file : files) {
    auto digest = DigestFile(file, absl::StrCat(cache, "/digests"), threads, tracker);
    if (!digest.ok()) return digest.status();
    keyed.push_back({*std::move(digest), absl::EndsWith(file, ".gz")});
  }
  return keyed;
}

absl::StatusOr<Prepared> FromEntry(CacheEntry entry, const std::string& folder) {
  Prepared prepared;
  if (std::find(entry.assets.begin(), entry.assets.end(), kLabelsFile) != entry.assets.end()) {
    const absl::StatusOr<LabelSet> labels = OpenLabels(folder);
    if (!labels.ok()) return labels.status();
    prepared.labels = labels->names();
  }
  prepared.summary = std::move(entry.summary);
  prepared.train = std::move(entry.train);
  prepared.test = std::move(entry.test);
  for (const std::string& name : entry.assets) prepared.assets.push_back(absl::StrCat(folder, "/", name));
  return prepared;
}

absl::StatusOr<Prepared> OpenPrepared(const std::string& folder) {
  absl::StatusOr<CacheEntry> entry = OpenCacheEntry(folder);
  if (!entry.ok()) return entry.status();
  return FromEntry(*std::move(entry), folder);
}

// Where the entry for these files lies in the cache.
absl::StatusOr<std::string> EntryFolder(const BuildInput& input, const std::string& cache,
                                        const PrepareOptions& options, ProgressTracker* tracker) {
  auto train = DigestFiles(input.train, cache, options.threads, tracker);
  if (!train.ok()) return train.status();
  auto test = DigestFiles(input.test, cache, options.threads, tracker);
  if (!test.ok()) return test.status();
  return absl::StrCat(cache, "/", CacheKey(*input.job, *train, *test));
}

// Builds the entry beside its place and moves it there. `where` tells its place again once it is built. REQUIRES: the
// entry's lock is held.
absl::Status BuildInPlace(const BuildInput& input, const std::string& folder, const std::string& cache,
                          const std::function<absl::StatusOr<std::string>()>& where, ProgressTracker* tracker) {
  // What is there was left by a builder that died, as the lock is ours.
  const std::string partial = absl::StrCat(folder, ".partial");
  absl::Status status = RealFiles().RemoveFolder(partial);
  if (status.ok()) status = RealFiles().MakeFolder(partial);
  if (status.ok()) status = BuildCacheEntry(input, partial, tracker);
  if (status.ok()) {
    // Had a file changed since its digest was taken, the entry would stand under the wrong key.
    const absl::StatusOr<std::string> place = where();
    if (!place.ok()) status = place.status();
    if (place.ok() && *place != folder)
      status = absl::AbortedError("a data file changed while it was read; start again");
  }
  // A damaged entry goes only now that there is a sound one.
  if (status.ok()) status = RealFiles().RemoveFolder(folder);
  if (status.ok()) status = RealFiles().Rename(partial, folder);
  if (status.ok()) status = RealFiles().SyncFolder(cache);
  if (!status.ok()) RealFiles().RemoveFolder(partial).IgnoreError();
  return status;
}

}  // namespace

absl::StatusOr<Prepared> PrepareData(const v1::Job& job, const std::string& base, const PrepareOptions& options) {
  if (job.data().has_synthetic()) return PrepareSynthetic(job);
  if (absl::Status status = CheckDataSettings(job); !status.ok()) return status;
  if (options.cache_folder.empty()) return absl::InvalidArgumentError("no cache folder given");
  ProgressTracker tracker(options.progress, options.cancelled);

  BuildInput input;
  input.job = &job;
  input.threads = options.threads;
  input.files.max_unpacked_bytes = options.max_unpacked_bytes;
  auto train = ResolveDataFiles(job.data().train(), base, options.data_root);
  if (!train.ok()) return Prefix("data.train", train.status());
  input.train = *std::move(train);
  if (!job.data().test().empty()) {
    auto test = ResolveDataFiles(job.data().test(), base, options.data_root);
    if (!test.ok()) return Prefix("data.test", test.status());
    input.test = *std::move(test);
  }

  if (absl::Status status = RealFiles().MakeFolder(options.cache_folder); !status.ok()) return status;
  std::error_code error;
  const std::string cache = std::filesystem::canonical(options.cache_folder, error).string();
  if (error) return ErrnoStatus(error.value(), options.cache_folder, "resolve");
  input.files.scratch_folder = cache;
  if (absl::Status status = tracker.Begin("comparing with the cache", 0); !status.ok()) return status;
  const auto where = [&] { return EntryFolder(input, cache, options, &tracker); };
  const absl::StatusOr<std::string> place = where();
  if (!place.ok()) return place.status();
  const std::string& folder = *place;

  absl::StatusOr<Prepared> cached = OpenPrepared(folder);
  if (cached.ok()) return cached;
  LockWait wait;
  wait.who = options.who;
  wait.patience = options.patience;
  wait.cancelled = options.cancelled;
  wait.clock = options.clock;
  wait.waiting = [&](const std::string& holder) {
    tracker.Begin(absl::StrCat("waiting for ", holder, ", which prepares the same data"), 0).IgnoreError();
  };
  auto lock = CacheLock::Acquire(absl::StrCat(folder, ".lock"), wait);
  if (!lock.ok()) return lock.status();
  // Somebody may have built it while we waited.
  cached = OpenPrepared(folder);
  if (cached.ok()) return cached;
  if (absl::Status status = BuildInPlace(input, folder, cache, where, &tracker); !status.ok()) return status;
  return OpenPrepared(folder);
}

}  // namespace pumasi
