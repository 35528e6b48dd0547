#include "tests/simulation/simulation.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/job_mode.h"
#include "tests/simulation/disk/sim_files.h"
#include "tests/simulation/every_job.h"
#include "tests/simulation/faults.h"

namespace pumasi::sim {
namespace {

class Simulation {
 public:
  explicit Simulation(const RunOptions& options)
      : options_(options),
        scenarios_(DrawScenarios(options.seed, options.faults)),
        scenario_(scenarios_[0]),
        world_(options.seed, options.trace),
        network_(world_),
        files_(world_.Stream("disk")),
        invariants_(world_, scenarios_, files_),
        around_{world_, network_, files_, scenarios_, invariants_},
        scheduler_(around_, kSchedulerName, 0),
        client_(around_, "client", 1) {
    Random random = world_.Stream("nodes");
    const auto drift = [&](Node& node) { node.SetDrift((2 * random.Unit() - 1) * scenario_.drift); };
    network_.Add(scheduler_);
    network_.Add(client_);
    drift(scheduler_);
    size_t number = 2;
    for (uint32_t i = 0; i < scenario_.servers + scenario_.spare_servers; ++i, ++number) {
      servers_.push_back(std::make_unique<ServerNode>(around_, absl::StrCat("server-", i), number));
      network_.Add(*servers_.back());
      invariants_.Add(servers_.back().get());
      drift(*servers_.back());
    }
    for (uint32_t i = 0; i < scenario_.workers + scenario_.spare_workers; ++i, ++number) {
      const double slowness = random.Chance(0.1) ? 10 : 1 + random.Unit();
      workers_.push_back(std::make_unique<WorkerNode>(around_, absl::StrCat("worker-", i), number, slowness));
      network_.Add(*workers_.back());
      invariants_.Add(workers_.back().get());
      drift(*workers_.back());
    }
    // The output root is there before any daemon.
    (void)files_.MakeFolder("/out");
    (void)files_.SyncFolder("/");
    invariants_.SetResume([this](const JobRun& job) {
      if (job.state() == v1::FAILED ? !disk_failed_ : !client_.cancelled(job.id())) return false;
      client_.Resume(job.id());
      return true;
    });
    network_.on_disconnected = [this](Node& callee, const std::string& caller, uint64_t) {
      if (&callee == &scheduler_) scheduler_.Disconnected(caller);
    };
  }

  RunResult Run() {
    Faults faults(around_, TheCluster());
    const Nanos heal_at = scenario_.fault_phase;
    // What is left of the job, at the pace of the slowest worker, and time to find out what happened.
    Nanos bound = 60 * kSecond;
    for (const Scenario& scenario : scenarios_) {
      bound += 30 * kSecond + static_cast<Nanos>(scenario.batches() * (scenario.job.micro_batches() + 1)) *
                                  (10 * scenario.compute + 20 * kMillisecond);
    }
    faults.Schedule();
    world_.At(heal_at, [&] { faults.Heal(); });
    world_.At(heal_at + bound, [&] {
      std::string jobs;
      for (const JobRun* job : scheduler_.cluster()->jobs()) {
        if (job->state() == v1::DONE) continue;
        absl::StrAppend(&jobs, " ", job->Status(scheduler_.Now()).ShortDebugString(), job->WaitingFor());
      }
      world_.Fail(absl::StrCat("no progress: ", bound / kSecond, " s after everything was mended:", jobs));
    });
    scheduler_.Start();
    client_.Start();
    for (uint32_t i = 0; i < scenario_.servers; ++i) servers_[i]->Start();
    for (uint32_t i = 0; i < scenario_.workers; ++i) workers_[i]->Start();
    while (!invariants_.done() && world_.Step()) {
    }
    if (!world_.failed()) invariants_.CheckEnd(scheduler_);

    RunResult result;
    result.failure = world_.failure();
    result.scenario = scenario_.ToString();
    result.events = world_.events();
    result.virtual_seconds = static_cast<double>(world_.now()) / kSecond;
    result.checkpoints = invariants_.checkpoints();
    result.generations = invariants_.generations();
    result.faults = faults.counts();
    return result;
  }

 private:
  Faults::Cluster TheCluster() {
    Faults::Cluster cluster{scheduler_, client_, {}, {}, {}};
    for (const auto& server : servers_) cluster.servers.push_back(server.get());
    for (const auto& worker : workers_) {
      cluster.workers.push_back(worker.get());
      // What happens to servers happens to whoever holds slots.
      if (!ServersHoldSlots(scenario_.job)) cluster.servers.push_back(worker.get());
    }
    cluster.disk.lose_power = [this] { files_.Crash(); };
    cluster.disk.go_on = [this] { files_.GoOn(); };
    cluster.disk.mend = [this] { files_.faults = {}; };
    cluster.disk.fail = [this](Random& random, DiskTrouble::Kind kind) {
      files_.faults = {};
      disk_failed_ = true;
      switch (kind == DiskTrouble::kAny ? random.Below(3) : static_cast<uint64_t>(kind)) {
        case 0:
          files_.faults.capacity = 1 + random.Below(20000);
          return world_.Trace("the disk is full");
        case 1:
          files_.faults.fail_sync = random.Unit();
          return world_.Trace("the disk fails to sync");
        default:
          files_.faults.flip_read = 0.5 * random.Unit();
          files_.faults.fail_read = 0.1 * random.Unit();
          return world_.Trace("the disk reads badly");
      }
    };
    return cluster;
  }

  const RunOptions options_;
  const std::vector<Scenario> scenarios_;
  const Scenario& scenario_;  // of the cluster
  World world_;
  Network network_;
  SimFiles files_;
  EveryJob invariants_;
  const Surroundings around_;
  SchedulerNode scheduler_;
  ClientNode client_;
  std::vector<std::unique_ptr<ServerNode>> servers_;
  std::vector<std::unique_ptr<WorkerNode>> workers_;
  bool disk_failed_ = false;
};

}  // namespace

RunResult Run(const RunOptions& options) {
  // The reference is made without the bug.
  Simulation simulation(options);
  const ScopedPlantedBug planted(options.bug);
  return simulation.Run();
}

}  // namespace pumasi::sim
