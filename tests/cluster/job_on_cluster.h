// A job on a cluster of this machine, followed step by step.
#ifndef PUMASI_TESTS_CLUSTER_JOB_ON_CLUSTER_H_
#define PUMASI_TESTS_CLUSTER_JOB_ON_CLUSTER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "tests/common/temp_folder.h"
#include "tools/cli/embedded_cluster.h"
#include "tools/cli/scheduler_link.h"
#include "tools/hosts/cluster_hosts.h"

namespace pumasi {

// The waits fail the test (by an exception that says what was seen last) after a minute.
class JobOnCluster {
 public:
  // Daemons for `folder`/job.yaml (small_job.h). `hosts`, if given, is made for as many, and outlives this.
  JobOnCluster(const TempFolder& folder, uint32_t servers, uint32_t workers, ClusterHosts* hosts = nullptr);

  void Submit();
  // Until so many batches are done, or the job has ended.
  v1::JobStatus WaitForBatch(uint64_t batches);
  v1::JobStatus WaitForState(v1::JobState state);
  // Until there is something of this name in the job's output folder. False: not within a minute.
  bool WaitForOutput(const std::string& name);
  // Until anything of the status changed since the last call of this, or a second has passed.
  v1::JobStatus WaitForChange();
  // Until each slot has all its copies (again).
  v1::JobStatus WaitForCopies();
  v1::JobStatus WaitForWarnings(int warnings);
  v1::JobStatus WaitForEnd();
  // As Submit and WaitForEnd, with `mend` called several times a second: it may start daemons again that died, the
  // scheduler too.
  void SubmitWhile(const std::function<void()>& mend);
  v1::JobStatus WaitForEndWhile(const std::function<void()>& mend);
  // The scheduler keeps its state in a database, so it may be killed and started again.
  absl::Status Restart(const std::string& name) { return cluster_->Restart(name); }

  EmbeddedCluster& cluster() { return *cluster_; }
  SchedulerLink& link() { return *link_; }
  const std::string& job_id() const { return job_id_; }

 private:
  v1::SubmitRequest Request() const;
  // Gives up soon, so that the caller can look at what else there is.
  std::unique_ptr<SchedulerLink> ImpatientLink() const;
  template <typename Condition>
  v1::JobStatus WaitUntil(const std::string& what, Condition condition);

  std::unique_ptr<SchedulerLink> Link(double timeout) const;

  const std::string folder_;
  const uint32_t servers_, workers_;
  ClusterHosts* const hosts_;
  std::unique_ptr<EmbeddedCluster> cluster_;
  std::unique_ptr<SchedulerLink> link_;
  std::string job_id_;
  uint64_t seen_change_ = 0;
};

// The job is done, with the parameters of a run whose `train --json` said `sha256`.
void CheckDone(const v1::JobStatus& status, const std::string& sha256);

}  // namespace pumasi

#endif  // PUMASI_TESTS_CLUSTER_JOB_ON_CLUSTER_H_
