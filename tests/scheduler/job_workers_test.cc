// Stories of workers that are slow, drained, or have worked without a scheduler.
#include <catch2/catch.hpp>
#include <string>

#include "common/error_detail.h"
#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

v1::LeaseUnitsRequest Told(const JobStory& story, const std::string& worker, uint64_t version, uint32_t first,
                           uint32_t end) {
  v1::LeaseUnitsRequest request;
  request.set_incarnation(story.node(worker).incarnation());
  v1::UnitDone* done = request.add_done();
  done->set_kind(v1::TRAIN);
  done->set_version(version);
  for (uint32_t part = first; part < end; ++part) {
    done->add_parts()->set_part(part);
    done->mutable_parts(done->parts_size() - 1)->set_samples(1);
  }
  return request;
}

TEST_CASE("What workers did without a scheduler counts, up to the epoch's end") {
  JobStory story;
  story.Play(kTraining);
  for (const uint64_t version : {2, 1, 0}) {
    REQUIRE(story.job().TakeResults(Told(story, "w1", version, 0, 1), story.now()).ok());
    REQUIRE(story.job().TakeResults(Told(story, "w1", version, 1, 2), story.now()).ok());
  }
  CHECK(story.Status().progress().version() == 3);
  CHECK(story.Status().epochs_done_size() == 1);
  story.Play("w1 asks 1 => train 1.0[0-1] at 3, TRAINING");
  // Told once more, late.
  REQUIRE(story.job().TakeResults(Told(story, "w1", 1, 0, 1), story.now()).ok());
  CHECK(story.job().Audit().repeated_results() == 1);
  CHECK(story.job().Audit().done() == 6);
  CHECK(story.Audited(1).units(0).token() == 0);
  CHECK(story.Audited(1).units(0).worker() == "w1");
}

TEST_CASE("A result that makes no sense is refused by itself, and said; the others of the report count") {
  JobStory story;
  story.Play(kTraining);
  v1::LeaseUnitsRequest told = Told(story, "w1", 0, 0, 1);
  *told.add_done() = Told(story, "w1", 0, 1, 3).done(0);  // a batch has two parts
  *told.add_done() = Told(story, "w1", 0, 1, 2).done(0);
  const absl::Status status = story.job().TakeResults(told, story.now());
  CHECK(ReasonOf(status) == v1::ErrorDetail::MALFORMED);
  CHECK(status.message() ==
        "a result of parts 1-2 of batch 0 is told; batches have 2 parts, and a result is of a node of their tree");
  CHECK(story.Status().progress().version() == 1);
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(story.Status().warnings(0) ==
        "worker w1 told a result that counts for nothing: " + std::string(status.message()));
}

TEST_CASE("A worker that died tells nothing any more") {
  JobStory story;
  story.Play(kTraining);
  const v1::LeaseUnitsRequest told = Told(story, "w1", 0, 0, 2);
  story.Play("w1 dies");
  CHECK(ReasonOf(story.job().TakeResults(told, story.now())) == v1::ErrorDetail::STALE_INCARNATION);
}

TEST_CASE("A drained worker gets no leases, and is drained once it holds none") {
  JobStory story;
  story.Play(kTraining);
  story.Play(R"(
    worker w2
    w2 prepared
    w1 asks 1    => train 0.0[0-0] at 0, TRAINING
    drain w1     => TRAINING
    w1 asks 9    => nothing, TRAINING
  )");
  CHECK_FALSE(story.cluster().Nodes(story.now())[1].drained());
  CHECK(story.AssignmentFor("w2").sharing_size() == 1);
  CHECK(story.AssignmentFor("s1").workers_size() == 2);
  story.Play(R"(
    w1 done
    w2 asks 1    => train 0.0[1-1] at 0, TRAINING
    w1 asks 9    => nothing, TRAINING
  )");
  CHECK(story.cluster().Nodes(story.now())[1].drained());
  story.Play(R"(
    undrain w1
    w1 asks 1    => train 0.1[0-0] at 1, TRAINING
  )");
}

TEST_CASE("A worker with several devices is leased as many parts of each batch, where there are enough") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.mutable_job()->set_batch(8);
  spec.request.mutable_job()->set_micro_batches(8);
  JobStory story(spec);
  story.Play(kTraining);
  story.Play(R"(
    worker w2 avx2 3
    w2 prepared
    w2 asks 1    => train 0.0[0-3] at 0; train 0.0[4-5] at 0, TRAINING
    w1 asks 1    => train 0.0[6-7] at 0, TRAINING
  )");
}

TEST_CASE("With split: epoch workers keep to parts of their own, whoever asks first, until these are done") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.mutable_job()->set_batch(8);
  spec.request.mutable_job()->set_micro_batches(8);
  spec.request.mutable_job()->set_split(v1::SPLIT_EPOCH);
  JobStory story(spec);
  story.Play(kTraining);
  story.Play(R"(
    worker w2
    w2 prepared
    w2 asks 1    => train 0.0[4-7] at 0, TRAINING
    w1 asks 1    => train 0.0[0-3] at 0, TRAINING
    w1 done
    w2 done
    w2 asks 1    => train 0.1[4-7] at 1, TRAINING
    w2 done
    w2 asks 1    => train 0.1[0-3] at 1, TRAINING
  )");
}

TEST_CASE("With backup workers, an idle one computes what is late; the first result counts", "[deadline]") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.mutable_job()->set_backup_workers(1);
  JobStory story(spec);
  story.Play(kTraining);
  story.Play(R"(
    worker w2
    w2 prepared
    worker w3
    w3 prepared
    w1 asks 1    => nothing, TRAINING
    w2 asks 1    => train 0.0[0-0] at 0, TRAINING
    w3 asks 1    => train 0.0[1-1] at 0, TRAINING
    w1 asks 1    => nothing, TRAINING
    0.2 pass
    w1 asks 1    => train 0.0[0-0] at 0, TRAINING
    w1 done
    w1 asks 1    => train 0.0[1-1] at 0, TRAINING
    w2 done      => TRAINING
    w3 done      => TRAINING
    w1 done      => TRAINING
  )");
  CHECK(story.Status().progress().version() == 1);
  CHECK(story.job().Audit().repeated_results() == 2);
  CHECK(story.Audited(0).units(0).worker() == "w1");
  CHECK(story.Audited(0).units(1).worker() == "w3");
}

TEST_CASE("Parts that nobody takes go to whoever asks") {
  JobStory story;
  story.Play(kTraining);
  story.Play(R"(
    worker w2
    w2 prepared
    w1 asks 4
    w1 done      => TRAINING
    w1 asks 4    => train 0.0[1-1] at 0; train 0.1[1-1] at 1; train 0.2[1-1] at 2, TRAINING
  )");
}

TEST_CASE("An audit of a finished job says who did what, and that it was all there is") {
  JobStory story;
  story.result = [](const v1::Lease& lease, v1::PartResult* part) { part->set_samples(lease.batch() == 2 ? 1 : 2); };
  story.Play(kTraining);
  story.Play(kSaving);
  story.Play(R"(
    s1 saved model
    completed    => model, DONE
  )");
  const v1::AuditResponse audit = story.job().Audit();
  CHECK(audit.state() == v1::DONE);
  CHECK(audit.parts() == 12);
  CHECK(audit.done() == 12);
  CHECK(audit.samples() == 20);
  CHECK(audit.expected_samples() == 20);
  CHECK(audit.leases() == 6);
  CHECK(audit.repeated_results() == 0);
  CHECK(audit.outcome_unknown() == 0);
  for (uint64_t version = 0; version < 6; ++version) {
    const v1::AuditBatch batch = story.Audited(version);
    CHECK(batch.version() == version);
    CHECK(batch.parts() == 2);
    REQUIRE(batch.units_size() == 1);
    CHECK(batch.units(0).end_part() == 2);
    CHECK(batch.units(0).worker() == "w1");
  }
}

TEST_CASE("Of workers that died the latest thousand are refused by name: their list is bounded") {
  JobStory story;
  story.restart_always = false;
  story.Play(kTraining);
  v1::Node node;
  node.set_name("w2");
  node.set_address("w2:7");
  node.set_role(v1::ROLE_WORKER);
  node.set_kernel_set("avx2");
  for (uint64_t incarnation = 10000; incarnation < 11100; ++incarnation) {
    node.set_incarnation(incarnation);
    REQUIRE(story.cluster().Register(node, story.now()).ok());
    story.cluster().Leave(incarnation, story.now());
  }
  story.Commit();
  const v1::Assignment assignment = story.AssignmentFor("s1");
  CHECK(assignment.fenced_size() == 1024);
  CHECK(assignment.fenced(1023) == 11099);
}

}  // namespace
}  // namespace pumasi
