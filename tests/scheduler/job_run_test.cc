// Stories of jobs that come to a good end, or at least go on.
#include "scheduler/job_run.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

// Two servers and two workers, up to the first units.
const char kTwoAndTwo[] = R"(
  server s1    => QUEUED: waits for nodes: 1 of 2 servers and 0 of 2 workers are there
  server s2
  worker w1
  worker w2    => PREPARING
  w1 prepared  => upload, PREPARING
  w2 prepared  => PREPARING
  assets       => ALLOCATING
  s1 ready     => ALLOCATING
  s2 ready     => TRAINING
)";

JobRun::Spec ForTwoAndTwo() {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_servers(2);
  spec.request.set_workers(2);
  return spec;
}

TEST_CASE("Two servers and two workers train a job to its end") {
  JobStory story(ForTwoAndTwo(), 300);
  story.Play(kTwoAndTwo);
  story.Play(R"(
    w1 asks 2    => train 0.0[0-0] at 0; train 0.1[0-0] at 1, TRAINING
    w2 asks 2    => train 0.0[1-1] at 0; train 0.1[1-1] at 1, TRAINING
    w1 done
    w2 done      => TRAINING
    w1 asks 2    => train 0.2[0-0] at 2, TRAINING
    w2 asks 2    => train 0.2[1-1] at 2, TRAINING
    w1 done
    w2 done      => EVALUATING
    w1 asks 2    => test [0-255] at 3; test [256-299] at 3, EVALUATING
    w2 asks 2    => nothing, EVALUATING
    w1 done      => TRAINING
    w2 asks 9    => train 1.0[0-0] at 3; train 1.1[0-0] at 4; train 1.2[0-0] at 5, TRAINING
    w1 asks 9    => train 1.0[1-1] at 3; train 1.1[1-1] at 4; train 1.2[1-1] at 5, TRAINING
    w1 done
    w2 done      => EVALUATING
    w2 asks 2    => test [0-255] at 6; test [256-299] at 6, EVALUATING
    w2 done      => SAVING
    w2 asks 2    => nothing, SAVING
    s1 saved model  => SAVING
    completed       => nothing, SAVING
    s2 saved model  => SAVING
    completed       => model, DONE
  )");
  const v1::JobStatus status = story.Status();
  CHECK(status.parameters_sha256() == "5ha256");
  CHECK(status.model() == "/out/cats/model");
  CHECK(status.samples() == 12);
  CHECK(status.epochs_done_size() == 2);
  CHECK(status.evaluations_size() == 2);
  CHECK(status.progress().version() == 6);
  CHECK(status.batches_per_epoch() == 3);
  CHECK(status.total_batches() == 6);
  CHECK(status.first_losses_size() == 6);
  const v1::Manifest& manifest = story.last_checkpoint.manifest;
  CHECK(manifest.progress().version() == 6);
  CHECK(manifest.progress().epoch() == 2);
  CHECK(manifest.progress().batch() == 0);
  CHECK(manifest.tables_size() == 6);
  CHECK(manifest.slots() == 8);
  REQUIRE(manifest.shards_size() == 2);
  CHECK(manifest.shards(0).name() == "shard-of-s1");
  CHECK(manifest.shards(1).name() == "shard-of-s2");
}

TEST_CASE("Nodes are told what they need to know, and when") {
  JobStory story(ForTwoAndTwo());
  story.Play(R"(
    server s1
    server s2
    worker w1
  )");
  CHECK(story.AssignmentFor("s1").job_id().empty());
  story.Play("worker w2 => PREPARING");
  CHECK(story.AssignmentFor("s1").job_id().empty());
  CHECK(story.AssignmentFor("w1").state() == v1::PREPARING);
  CHECK(story.AssignmentFor("w1").tables().empty());
  story.Play(R"(
    w1 prepared
    w2 prepared
    assets => ALLOCATING
  )");
  const v1::Assignment server = story.AssignmentFor("s2"), worker = story.AssignmentFor("w2");
  CHECK(server.tables_size() == 6);
  CHECK(server.layout().epoch() == 1);
  CHECK(server.layout().slot_owner_size() == 8);
  CHECK(server.layout().servers(1).node() == "s2");
  CHECK(server.layout().servers(1).address() == "s2:7");
  CHECK(server.workers_size() == 2);
  CHECK(server.output() == "/out/cats");
  CHECK(server.save_folder().empty());
  CHECK(worker.layout().SerializeAsString() == server.layout().SerializeAsString());
  CHECK(worker.data().train_rows() == 10);
  // Without a scheduler each does its share of these.
  CHECK(worker.sharing_size() == 2);
  story.Play(R"(
    s1 ready
    s2 ready  => TRAINING
    w1 asks 9
    w2 asks 9
    w1 done
    w2 done
    w1 asks 9
    w2 asks 9
    w1 done
    w2 done   => SAVING
  )");
  CHECK(story.AssignmentFor("s1").save_folder() == ".model-g0.tmp");
  CHECK(story.AssignmentFor("s1").save_version() == 6);
  story.Play(R"(
    s1 saved model
    s2 saved model
    completed => model, DONE
  )");
  CHECK(story.AssignmentFor("s1").job_id().empty());
}

TEST_CASE("A worker that dies in the middle of an epoch loses nothing: its units go to the other") {
  JobStory story(ForTwoAndTwo());
  story.Play(kTwoAndTwo);
  story.Play(R"(
    w1 asks 2    => train 0.0[0-0] at 0; train 0.1[0-0] at 1, TRAINING
    w2 asks 2    => train 0.0[1-1] at 0; train 0.1[1-1] at 1, TRAINING
    w1 done 1
    w1 dies      => TRAINING
    w2 done 1    => TRAINING
    w2 asks 9    => train 0.1[0-0] at 1; train 0.2[0-1] at 2, TRAINING
    w2 done      => TRAINING
    w2 asks 9    => train 1.0[0-1] at 3; train 1.1[0-1] at 4; train 1.2[0-1] at 5, TRAINING
    w2 done      => SAVING
  )");
  CHECK(story.Status().samples() == 12);
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(story.Status().warnings(0) == "worker w1 died; its units go to others");
  CHECK(story.AssignmentFor("s1").workers_size() == 1);
  REQUIRE(story.AssignmentFor("s1").fenced_size() == 1);
  CHECK(story.AssignmentFor("s1").fenced(0) == story.node("w1").incarnation());
  // It was only frozen, and wakes up.
  story.Play("w1 done => refused (this worker was declared dead), SAVING");
}

TEST_CASE("The last worker dies, another one joins, and the job goes on") {
  JobStory story;
  story.Play(R"(
    server s1
    worker w1    => PREPARING
    w1 prepared  => upload, PREPARING
    assets       => ALLOCATING
    s1 ready     => TRAINING
    w1 asks 1    => train 0.0[0-1] at 0, TRAINING
    w1 done
    w1 asks 1    => train 0.1[0-1] at 1, TRAINING
    w1 dies      => TRAINING
    30 pass      => TRAINING
    worker w2    => TRAINING
    w2 asks 1    => nothing, TRAINING
    w2 prepared  => TRAINING
    w2 asks 1    => train 0.1[0-1] at 1, TRAINING
    w2 done
    w2 asks 9    => train 0.2[0-1] at 2, TRAINING
    w2 done
    w2 asks 9    => train 1.0[0-1] at 3; train 1.1[0-1] at 4; train 1.2[0-1] at 5, TRAINING
    w2 done      => SAVING
  )");
}

TEST_CASE("A worker that sent the vocabulary dies before it is whole, and another is asked") {
  JobStory story(ForTwoAndTwo());
  story.Play(R"(
    server s1
    server s2
    worker w1
    worker w2    => PREPARING
    w1 prepared  => upload, PREPARING
    w2 prepared  => PREPARING
    w2 prepared  => PREPARING
    w1 dies      => PREPARING
    w2 prepared  => upload, PREPARING
    assets       => ALLOCATING
  )");
}

TEST_CASE("The job does not wait for the data of a worker that died") {
  JobStory story(ForTwoAndTwo());
  story.Play(R"(
    server s1
    server s2
    worker w1
    worker w2    => PREPARING
    w1 prepared  => upload, PREPARING
    assets       => PREPARING
    w2 dies      => ALLOCATING
  )");
}

TEST_CASE("A late worker with other data is refused, and the job goes on without it") {
  JobStory story;
  story.Play(R"(
    server s1
    worker w1    => PREPARING
    w1 prepared
    assets
    s1 ready     => TRAINING
    worker w2    => TRAINING
    w2 prepared 11 other => refused (worker w2 at w2:7 reads other data than worker w1 at w1:7: 11 training rows, 50 ids, expected 10 and 50. The files of all workers have to be the same), TRAINING
    w2 asks 1    => nothing, TRAINING
    w1 asks 1    => train 0.0[0-1] at 0, TRAINING
    w1 done      => TRAINING
  )");
}

TEST_CASE("Only workers of one kernel set take part: of the most common one") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_workers(3);
  JobStory story(spec);
  story.Play(R"(
    worker w1 avx512
    worker w2 avx2
    worker w3 avx2
    server s1    => PREPARING
    w1 prepared  => refused (job cats-1 does not want this worker), PREPARING
    w2 prepared  => upload, PREPARING
    w3 prepared
    assets       => ALLOCATING
    s1 ready     => TRAINING
    worker w4 avx512
    worker w5 avx2
    w4 prepared  => refused (job cats-1 does not want this worker), TRAINING
    w5 prepared  => TRAINING
  )");
  CHECK(story.Status().workers() == 3);
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(story.Status().warnings(0) ==
        "worker w1 computes with avx512, the job with avx2: it is left out, since results would depend on who computed "
        "them");
}

TEST_CASE("Of equally common kernel sets the first by name is taken") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_workers(2);
  JobStory story(spec);
  story.Play(R"(
    worker w1 sse2
    worker w2 avx2
    server s1    => PREPARING
    w2 prepared  => upload, PREPARING
  )");
}

TEST_CASE("Units that a worker gives back are given out again") {
  JobStory story;
  story.Play(R"(
    server s1
    worker w1
    w1 prepared
    assets
    s1 ready     => TRAINING
    w1 asks 2    => train 0.0[0-1] at 0; train 0.1[0-1] at 1, TRAINING
    w1 returns   => TRAINING
    w1 asks 1    => train 0.0[0-1] at 0, TRAINING
  )");
}

TEST_CASE("Reports twice, late or of strangers do no harm") {
  JobStory story;
  story.Play(R"(
    server s1
    worker w1    => PREPARING
    s1 ready     => refused (the layout is at epoch 0), PREPARING
    s1 saved 3   => refused (job cats-1 has trained nothing that could be saved yet), PREPARING
    s1 saved model => refused (job cats-1 has trained nothing that could be saved yet), PREPARING
    w1 prepared  => upload, PREPARING
    w1 prepared  => upload, PREPARING
    assets
    assets       => ALLOCATING
    s1 ready     => TRAINING
    s1 ready     => TRAINING
    w1 prepared  => TRAINING
    server s2    => TRAINING
    s2 ready     => TRAINING
    s2 saved model => refused (no model of version 0 is wanted in state TRAINING at version 0), TRAINING
    s1 saved model => refused (no model of version 0 is wanted in state TRAINING at version 0), TRAINING
    s2 dies      => TRAINING
  )");
  v1::LeaseUnitsRequest stranger;
  stranger.set_incarnation(4242);
  CHECK_FALSE(story.job().TakeResults(stranger, story.now()).ok());
  CHECK(story.cluster().Lease(story.job(), 4242, 5, story.now())->leases().empty());
}

TEST_CASE("Progress counts applied batches and never falls back, whatever the state") {
  JobStory story(SmallJobSpec(), 300);
  story.Play(R"(
    server s1
    worker w1
    w1 prepared
    assets
    s1 ready     => TRAINING
  )");
  uint64_t last = 0;
  for (int step = 0; step < 20 && story.job().state() != v1::SAVING; ++step) {
    story.Play("w1 asks 1\n w1 done");
    const v1::Progress progress = story.Status().progress();
    CAPTURE(step, v1::JobState_Name(story.job().state()));
    CHECK(progress.version() >= last);
    CHECK(progress.epoch() == progress.version() / 3);
    CHECK(progress.batch() == progress.version() % 3);
    last = progress.version();
  }
  CHECK(last == 6);
  story.Play("cancelled => CANCELLED: cancelled by its user");
  CHECK(story.Status().progress().version() == 6);
}

TEST_CASE("A result that nobody could judge counts its samples, not its loss") {
  JobStory story;
  story.result = [](const v1::Lease& lease, v1::PartResult* part) {
    part->set_samples(2);
    const bool unknown = lease.batch() == 1 && part->part() == 0;
    part->set_loss(unknown ? 0 : 3);
    part->set_correct(unknown ? 0 : 1);
    part->set_outcome_unknown(unknown);
  };
  story.Play(R"(
    server s1
    worker w1
    w1 prepared
    assets
    s1 ready
    w1 asks 9
    w1 done
  )");
  const v1::JobStatus status = story.Status();
  REQUIRE(status.epochs_done_size() == 1);
  CHECK(status.epochs_done(0).samples() == 12);
  CHECK(status.epochs_done(0).loss() == 1.5);
  CHECK(status.epochs_done(0).accuracy() == 0.5);
}

TEST_CASE("The sums of training and evaluation have the same bits in whatever order results arrive") {
  const auto play = [](const std::string& order) {
    JobStory story(ForTwoAndTwo(), 1000);
    // Numbers whose sum depends on the order.
    story.result = [](const v1::Lease& lease, v1::PartResult* part) {
      part->set_loss(1.0 / (3 + lease.batch() * 7 + part->part()) * (lease.batch() == 2 ? 1e17 : 1));
    };
    story.Play(kTwoAndTwo);
    story.Play(order);
    v1::JobStatus status = story.Status();
    REQUIRE(status.evaluations_size() == 1);
    std::string sums = status.evaluations(0).SerializeAsString();
    for (const double loss : status.first_losses()) sums += std::to_string(loss) + " ";
    return sums + status.epochs_done(0).SerializeAsString();
  };
  const std::string first = play(R"(
    w1 asks 9
    w2 asks 9
    w1 done
    w2 done    => EVALUATING
    w1 asks 4  => test [0-255] at 3; test [256-511] at 3; test [512-767] at 3; test [768-999] at 3, EVALUATING
    w1 done    => TRAINING
  )");
  const std::string second = play(R"(
    w2 asks 9
    w1 asks 9
    w2 done
    w1 done    => EVALUATING
    w1 asks 2  => test [0-255] at 3; test [256-511] at 3, EVALUATING
    w2 asks 2  => test [512-767] at 3; test [768-999] at 3, EVALUATING
    w2 done
    w1 done    => TRAINING
  )");
  CHECK(first == second);
}

}  // namespace
}  // namespace pumasi
