// What a Hosting wants done outside of it. Whoever drives it (server/hosted_job.h, a simulation) does it, and tells how
// it went.
#ifndef PUMASI_SERVER_HOSTING_EFFECTS_H_
#define PUMASI_SERVER_HOSTING_EFFECTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "common/file.h"
#include "proto/parameter_server.pb.h"
#include "proto/scheduler.pb.h"
#include "server/shard.h"
#include "server/snapshot.h"

namespace pumasi {

// Tables are to be made (and loaded): MakeShard, which may take long and needs no lock, then Hosting::ShardMade.
struct ShardWish {
  uint64_t ticket = 0;
  Shard::Options options;
  std::string resume;  // folder of the checkpoint to load, as the assignment names it; empty: initial values
  // Folder of the log to go on from there with, up to options.first_version; likewise; empty: the checkpoint (the
  // initial values) is of that version.
  std::string push_log;
};
// `find` is asked for wish.resume and wish.push_log; empty: they are paths. NotFound, naming slot and batch: the log
// lacks a record. DataLoss: what it holds does not fit the job.
absl::StatusOr<std::unique_ptr<Shard>> MakeShard(const ShardWish& wish, Files& files, const FindFolder& find = nullptr);

// Another server is to be asked for a slot (ParameterServer.FetchSlot), with a deadline for each part of the answer;
// Hosting::FetchMoved while it comes, then Hosting::Fetched.
struct FetchWish {
  uint64_t ticket = 0;
  std::string address;
  v1::FetchSlotRequest request;
};

// The scheduler is to be told something, with a deadline; then Hosting::Told.
struct TellWish {
  uint64_t ticket = 0;
  std::variant<v1::ReportReadyRequest, v1::ReportFilledRequest, v1::ReportShardSavedRequest, v1::CombineNormsRequest,
               v1::ReportFailureRequest>
      request;
};

// Records are to be written to the log of applied gradients, with what LogWriter (server/log_writer.h) does, one wish
// after the other; then Hosting::Logged.
struct LogWish {
  // Records of one file.
  struct Part {
    uint64_t first_version;  // of the file
    std::string records;
  };
  uint64_t ticket = 0;
  std::string folder;  // as the assignment names it
  std::string writer;  // what the files' names say of who wrote them
  std::vector<Part> parts;
  std::vector<std::shared_ptr<CountedBytes>> counted;  // the records' memory, until the wish is dropped
};

struct HostingEffects {
  std::vector<ShardWish> shards;
  std::vector<FetchWish> fetches;
  std::vector<TellWish> tells;
  // To be written (server/snapshot.h), one after the other; then Hosting::SnapshotWritten.
  std::vector<std::shared_ptr<Snapshot>> snapshots;
  std::vector<LogWish> logs;

  bool empty() const { return shards.empty() && fetches.empty() && tells.empty() && snapshots.empty() && logs.empty(); }
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_HOSTING_EFFECTS_H_
