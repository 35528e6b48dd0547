#ifndef PUMASI_WORKER_INPUT_PREPARE_H_
#define PUMASI_WORKER_INPUT_PREPARE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"
#include "worker/input/progress_tracker.h"
#include "worker/input/row_source.h"

namespace pumasi {

struct PrepareOptions {
  // Data files have to lie under this folder, links followed. "/" allows all.
  std::string data_root;
  // A folder of our own, made if need be; processes of one machine may share it. Holds prepared data, by what it was
  // made of, and unpacked *.gz files while they are read. Nothing in it is ever removed but damaged entries: it may be
  // emptied at any time when nothing runs.
  std::string cache_folder;
  // Threads that read and encode. The result does not depend on it.
  int threads = 1;
  // Who asks, for the messages of processes that wait for this one: "job nsmc, worker w1".
  std::string who;
  // How long to wait at most for another process that prepares the same data.
  absl::Duration patience = absl::Minutes(30);
  // Asked several times a second, from any thread; may be empty. The training of a SentencePiece model is not
  // interrupted.
  std::function<bool()> cancelled;
  // Told how far the work is, by one thread at a time; may be empty.
  std::function<void(const PrepareProgress&)> progress;
  // A *.gz file that unpacks to more bytes is refused.
  uint64_t max_unpacked_bytes = uint64_t{64} << 30;
  // Measures `patience`.
  const Clock* clock = &RealClock();
};

// A job's data, ready to train on.
struct Prepared {
  // Same job settings and same file contents give the same summary, on any machine with the same libraries.
  v1::DataSummary summary;
  std::unique_ptr<RowSource> train;
  std::unique_ptr<RowSource> test;  // null where the job has no test rows
  // Absolute paths of the files that a model folder needs (vocabulary.txt or sentencepiece.model, unless the tokenizer
  // is ids; labels.txt, unless the loss is mse); none for synthetic data.
  std::vector<std::string> assets;
  // Names of the classes, by their numbers; none for synthetic data and for loss: mse.
  std::vector<std::string> labels;
};

// Reads the training rows, learns vocabulary and labels from them, encodes training and test rows, and keeps the result
// in the cache: the next call for the same settings and contents only opens it. Safe against crashes: an entry is built
// beside its place and renamed when it is complete and on the disk, and one that is found damaged is built again. Of
// several processes that need the same entry one builds it, the others wait.
//
// REQUIRES: fallbacks of proto/job.proto are filled in. `base`: the folder that relative paths in the job start from.
//
// Errors: INVALID_ARGUMENT, NOT_FOUND or PERMISSION_DENIED for what is wrong with the job's data (with key, file and
// line), DEADLINE_EXCEEDED where another process took longer than `patience`, CANCELLED, ABORTED where a file changed
// while it was read, RESOURCE_EXHAUSTED for a full disk, UNAVAILABLE without SentencePiece's library.
absl::StatusOr<Prepared> PrepareData(const v1::Job& job, const std::string& base, const PrepareOptions& options);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_PREPARE_H_
