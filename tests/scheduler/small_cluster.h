// A cluster with one server and one worker, driven by hand.
#ifndef PUMASI_TESTS_SCHEDULER_SMALL_CLUSTER_H_
#define PUMASI_TESTS_SCHEDULER_SMALL_CLUSTER_H_

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "scheduler/cluster.h"
#include "tests/scheduler/job_story.h"

namespace pumasi {

inline absl::Duration At(double seconds) { return absl::Seconds(seconds); }

inline v1::Node Node(const std::string& name, v1::Role role, uint64_t incarnation) {
  v1::Node node;
  node.set_name(name);
  node.set_role(role);
  node.set_incarnation(incarnation);
  node.set_address(name + ":1");
  return node;
}

struct SmallCluster {
  Cluster cluster;

  explicit SmallCluster(size_t max_jobs = 100) : cluster({{absl::Seconds(3), absl::Milliseconds(500)}, max_jobs}) {}

  void Join() {
    REQUIRE(cluster.Register(Node("s1", v1::ROLE_SERVER, 1), At(0)).ok());
    REQUIRE(cluster.Register(Node("w1", v1::ROLE_WORKER, 2), At(0)).ok());
  }

  absl::StatusOr<std::string> Submit(const std::string& id, const std::string& request = "") {
    JobRun::Spec spec = SmallJobSpec();
    spec.job_id = id;
    spec.request.set_request_id(request);
    return cluster.Submit(spec, At(0));
  }

  JobRun& Job(const std::string& id) { return **cluster.Find(id); }

  // w1 has read the data.
  void Prepare(const std::string& id) {
    v1::ReportPreparedRequest prepared;
    prepared.set_incarnation(2);
    prepared.mutable_data()->set_fingerprint("x");
    prepared.mutable_data()->set_train_rows(10);
    prepared.mutable_data()->set_vocabulary(50);
    prepared.mutable_data()->set_classes(3);
    REQUIRE(Job(id).Prepared(prepared, At(1)).ok());
  }

  // All the way to TRAINING.
  void Train(const std::string& id) {
    Prepare(id);
    Job(id).AssetsUploaded(At(1));
    v1::ReportReadyRequest ready;
    ready.set_incarnation(1);
    ready.set_layout_epoch(1);
    REQUIRE(Job(id).ServerReady(ready, At(1)).ok());
    REQUIRE(Job(id).state() == v1::TRAINING);
  }

  // w1 does `count` units.
  void Work(const std::string& id, uint32_t count) {
    v1::LeaseUnitsRequest request;
    request.set_incarnation(2);
    const auto leases = cluster.Lease(Job(id), 2, count, At(1));
    for (const v1::Lease& lease : leases->leases()) {
      v1::UnitDone* done = request.add_done();
      done->set_kind(v1::TRAIN);
      done->set_version(lease.version());
      for (uint32_t part = lease.first_part(); part < lease.end_part(); ++part) done->add_parts()->set_part(part);
    }
    REQUIRE(Job(id).TakeResults(request, At(1)).ok());
  }

  std::vector<std::string> AssignmentsOf(uint64_t incarnation) {
    auto answer = cluster.Assignments(incarnation, 0, At(1));
    REQUIRE(answer.ok());
    REQUIRE(answer->has_value());
    std::vector<std::string> jobs;
    for (const auto& assignment : (*answer)->assignments()) jobs.push_back(assignment.job_id());
    return jobs;
  }
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_SCHEDULER_SMALL_CLUSTER_H_
