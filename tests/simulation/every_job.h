// The promises that jobs are given (tests/simulation/invariants.h), each by itself, and those about all of them:
//
//  - One submission becomes one job, which stays known.
//  - One job at a time runs; the others are queued, or have ended.
//  - What is kept for calls that wait is bounded.
#ifndef PUMASI_TESTS_SIMULATION_EVERY_JOB_H_
#define PUMASI_TESTS_SIMULATION_EVERY_JOB_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/invariants.h"
#include "tests/simulation/watch.h"

namespace pumasi::sim {

class EveryJob : public Watch {
 public:
  // The arguments have to outlive it.
  EveryJob(World& world, const std::vector<Scenario>& scenarios, SimFiles& files);

  void Add(const ServerNode* server);
  // As Invariants::resume.
  void SetResume(const std::function<bool(const JobRun& job)>& resume);

  void ServerChanged(ServerNode& server) override;
  void Computes(const Node& worker, const std::string& job_id, uint64_t generation, uint64_t version, PartRange parts,
                const Parameters& seen) override;
  void Reports(const Node& worker, const std::string& job_id, const v1::UnitDone& done) override;
  void SchedulerChanged(Cluster& cluster) override;
  void Leases(const std::string& job_id, const v1::Lease& lease) override { Of(job_id).Leases(lease); }
  void SchedulerDied() override;
  void LogFailed(const std::string& job_id) override { Of(job_id).LogFailed(); }
  void CheckpointCompleted(const std::string& job_id, const std::string& output,
                           const JobRun::FinishCheckpoint& checkpoint) override;

  // All jobs are, and everybody will know it.
  bool done() const;
  // After done().
  void CheckEnd(SchedulerNode& scheduler);

  uint64_t checkpoints() const;
  uint64_t generations() const;

 private:
  Invariants& Of(const std::string& job_id) { return *jobs_[JobNumberOf(job_id)]; }

  World& world_;
  std::vector<std::unique_ptr<Reference>> references_;
  std::vector<std::unique_ptr<Invariants>> jobs_;  // by number
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_EVERY_JOB_H_
