// Stories of jobs that fail, are cancelled, or go on from a checkpoint.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

// One server, one worker, in training.
const char kTraining[] = R"(
  server s1
  worker w1    => PREPARING
  w1 prepared  => upload, PREPARING
  assets       => ALLOCATING
  s1 ready     => TRAINING
)";

const char kSaving[] = R"(
  w1 asks 9
  w1 done      => TRAINING
  w1 asks 9
  w1 done      => SAVING
)";

TEST_CASE("A server that dies fails the job by name, and says where to go on from") {
  JobStory story;
  story.Play(kTraining);
  story.Play(
      "s1 dies => FAILED: server s1 at s1:7 died (its connection broke, silent for 0.5 s) and its part of the "
      "parameters "
      "with it; continue from the latest checkpoint in /out/cats");
  story.Play("w1 asks 1 => nothing, " + std::string("FAILED: ") + story.Status().message());
  CHECK(story.AssignmentFor("w1").job_id().empty());
}

TEST_CASE("Workers that read different data fail the job, which names both") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_workers(2);
  JobStory story(spec);
  story.Play(R"(
    server s1
    worker w1
    worker w2    => PREPARING
    w1 prepared
    w2 prepared 11 other
  )");
  CHECK(story.job().state() == v1::FAILED);
  CHECK(story.Status().message() ==
        "worker w2 at w2:7 reads other data than worker w1 at w1:7: 11 training rows, 50 ids, expected 10 and 50. The "
        "files of "
        "all workers have to be the same");
}

TEST_CASE("Data without rows, or with more than there can be, fails the job instead of dividing by zero") {
  for (const char* const rows : {"0", "18446744073709551615", "9223372036854775808"}) {
    JobStory story;
    story.Play("server s1 \n worker w1 \n w1 prepared " + std::string(rows) + " \n assets");
    CAPTURE(rows);
    CHECK(story.job().state() == v1::FAILED);
    CHECK(story.Status().message().find(std::string("the data has ") + rows + " training rows") == 0);
  }
}

TEST_CASE("A job without progress fails after its stall time, and names whom it waited for") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_workers(2);
  SECTION("a worker that does not finish reading") {
    JobStory story(spec);
    story.Play(R"(
      server s1
      worker w1
      worker w2    => PREPARING
      w1 prepared
      600 pass     => PREPARING
      1 pass       => FAILED: no progress for 600 s in state PREPARING; waited for worker w2
    )");
  }
  SECTION("the vocabulary") {
    JobStory story;
    story.Play(R"(
      server s1
      worker w1
      w1 prepared
      601 pass     => FAILED: no progress for 600 s in state PREPARING; waited for the vocabulary from a worker
    )");
  }
  SECTION("a server that does not make its tables") {
    spec.request.set_servers(2);
    JobStory story(spec);
    story.Play(R"(
      server s1
      server s2
      worker w1
      worker w2
      w1 prepared
      w2 prepared
      assets       => ALLOCATING
      s1 ready
      61 pass      => FAILED: no progress for 60 s in state ALLOCATING; waited for server s2
    )");
  }
  SECTION("a worker that computes for ever, and nobody") {
    JobStory story(spec);
    story.Play(R"(
      server s1
      worker w1
      worker w2
      w1 prepared
      w2 prepared
      assets
      s1 ready     => TRAINING
      w1 asks 1
      60 pass      => TRAINING
      1 pass       => FAILED: no progress for 60 s in state TRAINING; waited for nobody with 1 parts of batch 0, worker w1 with 1 parts of batch 0
    )");
  }
  SECTION("any worker at all") {
    JobStory story;
    story.Play(kTraining);
    story.Play(R"(
      w1 leaves    => TRAINING
      61 pass      => FAILED: no progress for 60 s in state TRAINING; waited for a worker
    )");
  }
  SECTION("a server that does not write the model") {
    JobStory story;
    story.Play(kTraining);
    story.Play(kSaving);
    story.Play("61 pass => FAILED: no progress for 60 s in state SAVING; waited for server s1");
  }
  SECTION("the model to be completed") {
    JobStory story;
    story.Play(kTraining);
    story.Play(kSaving);
    story.Play(R"(
      s1 saved model
      61 pass => FAILED: no progress for 60 s in state SAVING; waited for the model to be completed
    )");
  }
}

TEST_CASE("Progress of any kind starts the stall time anew; stale results are none") {
  JobStory story;
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 9
    50 pass      => TRAINING
    w1 done 1
    50 pass      => TRAINING
  )");
  v1::LeaseUnitsRequest stale;
  stale.set_incarnation(story.node("w1").incarnation());
  stale.add_done()->set_token(1);
  REQUIRE(story.job().TakeResults(stale, story.now()).ok());
  story.Play("11 pass => FAILED: no progress for 60 s in state TRAINING; waited for worker w1 with 2 parts of batch 1");
}

TEST_CASE("A queued job waits for its nodes as long as it takes") {
  JobStory story;
  story.Play("5000 pass => QUEUED");
}

TEST_CASE("A job can be cancelled in each of its states, and stays cancelled") {
  JobStory story;
  const std::vector<std::string> chapters = {"",
                                             "server s1 \n worker w1 => PREPARING",
                                             "w1 prepared \n assets => ALLOCATING",
                                             "s1 ready => TRAINING",
                                             kSaving,
                                             "s1 saved model => SAVING"};
  for (size_t until = 1; until <= chapters.size(); ++until) {
    JobStory cut;
    for (size_t i = 0; i < until; ++i) cut.Play(chapters[i]);
    CAPTURE(v1::JobState_Name(cut.job().state()));
    cut.Play("cancelled => CANCELLED: cancelled by its user");
    // What was under way arrives too late.
    if (until > 1) {
      cut.Play("100 pass => CANCELLED: cancelled by its user");
      cut.Play("w1 asks 1 => nothing, CANCELLED: cancelled by its user");
      cut.Play("w1 done => CANCELLED: cancelled by its user");
      cut.Play("completed");
      cut.Play("s1 dies => CANCELLED: cancelled by its user");
      CHECK(cut.AssignmentFor("w1").job_id().empty());
    }
  }
}

TEST_CASE("Checkpoints on the way are completed when every server has written its part") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_servers(2);
  JobStory story(spec);
  story.Play(R"(
    server s1
    server s2
    worker w1
    w1 prepared
    assets
    s1 ready
    s2 ready     => TRAINING
    w1 asks 2
    w1 done
    s1 saved 2
    completed    => nothing, TRAINING
    s2 saved 2
    completed    => checkpoint-000000002, TRAINING
    completed    => nothing, TRAINING
  )");
  const auto& checkpoint = story.last_checkpoint;
  CHECK(checkpoint.folder == ".checkpoint-000000002.tmp");
  CHECK_FALSE(checkpoint.final);
  CHECK(checkpoint.keep == 2);
  CHECK(checkpoint.manifest.progress().version() == 2);
  CHECK(checkpoint.manifest.progress().epoch() == 0);
  CHECK(checkpoint.manifest.progress().batch() == 2);
  CHECK(checkpoint.manifest.shards_size() == 2);
  CHECK(checkpoint.manifest.data().train_rows() == 10);
  // The reports' answers were lost: they come again, and make no second checkpoint.
  story.Play(R"(
    s1 saved 2
    s2 saved 2
    completed    => nothing, TRAINING
  )");
  CHECK(story.Status().warnings().empty());
}

TEST_CASE("Two checkpoints may be under way at a time") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_servers(2);
  JobStory story(spec);
  story.Play(R"(
    server s1
    server s2
    worker w1
    w1 prepared
    assets
    s1 ready
    s2 ready     => TRAINING
    s1 saved 1
    s1 saved 2
    s2 saved 1
    completed    => checkpoint-000000001, TRAINING
    s2 saved 2
    completed    => checkpoint-000000002, TRAINING
  )");
}

TEST_CASE("A checkpoint that a server could not write is a warning, and the job goes on") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_servers(2);
  JobStory story(spec);
  story.Play(R"(
    server s1
    server s2
    worker w1
    w1 prepared
    assets
    s1 ready
    s2 ready     => TRAINING
    s1 saved 1 No space left on device
    s2 saved 1   => TRAINING
    completed    => nothing, TRAINING
    s1 saved 2
    s2 saved 2
    completed Read-only file system => checkpoint-000000002, TRAINING
    s1 saved 3
    s2 saved 3
    completed    => checkpoint-000000003, TRAINING
  )");
  REQUIRE(story.Status().warnings_size() == 2);
  CHECK(story.Status().warnings(0) == "checkpoint at batch 1 failed on server s1: No space left on device");
  CHECK(story.Status().warnings(1) == "checkpoint .checkpoint-000000002.tmp failed: Read-only file system");
}

TEST_CASE("A checkpoint in a folder of another name is refused") {
  JobStory story;
  story.Play(kTraining);
  for (const std::string folder :
       {"", "..", "../x", ".checkpoint-000000001.tmp", "checkpoint-000000002", ".model.tmp/x"}) {
    v1::ReportShardSavedRequest request;
    request.set_incarnation(story.node("s1").incarnation());
    request.set_version(2);
    request.set_folder(folder);
    CAPTURE(folder);
    CHECK(absl::IsInvalidArgument(story.job().ShardSaved(request, story.now())));
  }
}

TEST_CASE("A model that a server, or the scheduler, could not write fails the job") {
  JobStory story;
  story.Play(kTraining);
  story.Play(kSaving);
  SECTION("a server") {
    story.Play(
        "s1 saved model No space left on device => "
        "FAILED: the model could not be written on server s1: No space left on device");
    story.Play("completed => nothing, FAILED: the model could not be written on server s1: No space left on device");
  }
  SECTION("the scheduler") {
    story.Play(R"(
      s1 saved model
      completed Input/output error => model, FAILED: the model could not be written: Input/output error
    )");
    CHECK(story.Status().model().empty());
  }
}

TEST_CASE("A report of the model that comes again makes no second model") {
  JobStory story;
  story.Play(kTraining);
  story.Play(kSaving);
  story.Play(R"(
    s1 saved model
    s1 saved model
    completed    => model, DONE
    completed    => nothing, DONE
    s1 saved model => refused (job cats-1 does not want this server), DONE
  )");
}

// A checkpoint that this job has written at `version`.
JobRun::Spec Resuming(uint64_t version) {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_resume("/out/cats/checkpoint");
  v1::Manifest& manifest = spec.resume.emplace();
  *manifest.mutable_job() = spec.request.job();
  manifest.mutable_data()->set_fingerprint("same");
  manifest.mutable_data()->set_train_rows(10);
  manifest.mutable_data()->set_vocabulary(50);
  manifest.mutable_progress()->set_version(version);
  return spec;
}

TEST_CASE("A job that goes on from the middle of an epoch starts with the batch that comes next") {
  JobRun::Spec spec = Resuming(4);
  spec.request.mutable_job()->set_epochs(3);
  spec.request.mutable_job()->set_name("more-cats");
  spec.request.mutable_job()->set_stall_timeout(10);
  spec.request.mutable_job()->mutable_checkpoint()->set_every_batches(7);
  JobStory story(spec);
  story.Play(R"(
    server s1
    worker w1    => PREPARING
    w1 prepared
    assets       => ALLOCATING
  )");
  CHECK(story.AssignmentFor("s1").start().version() == 4);
  CHECK(story.AssignmentFor("s1").resume() == "/out/cats/checkpoint");
  CHECK(story.AssignmentFor("w1").resume().empty());
  CHECK(story.Status().progress().version() == 4);
  story.Play(R"(
    s1 ready     => TRAINING
    w1 asks 9    => train 1.1[0-1] at 4; train 1.2[0-1] at 5, TRAINING
    w1 done      => TRAINING
    w1 asks 9    => train 2.0[0-1] at 6; train 2.1[0-1] at 7; train 2.2[0-1] at 8, TRAINING
    w1 done      => SAVING
  )");
  CHECK(story.Status().samples() == 10);
}

TEST_CASE("A job that goes on from the end of an epoch starts the next one") {
  JobStory story(Resuming(3));
  story.Play(kTraining);
  story.Play("w1 asks 1 => train 1.0[0-1] at 3, TRAINING");
}

TEST_CASE("A checkpoint that has all epochs is only written again, as the model") {
  JobStory story(Resuming(6));
  story.Play(R"(
    server s1
    worker w1
    w1 prepared
    assets
    s1 ready     => SAVING
  )");
  CHECK(story.AssignmentFor("s1").save_version() == 6);
  story.Play(R"(
    s1 saved model
    completed    => model, DONE
  )");
}

TEST_CASE("A checkpoint of another job is refused, and the message says what differs") {
  const auto message = [](const std::function<void(v1::Job&)>& change) {
    JobRun::Spec spec = Resuming(3);
    change(*spec.request.mutable_job());
    JobStory story(spec);
    story.Play("server s1 \n worker w1 \n w1 prepared \n assets");
    CHECK(story.job().state() == v1::FAILED);
    CHECK(story.Status().message().find("the checkpoint /out/cats/checkpoint was written by a job that differs: ") ==
          0);
    return story.Status().message();
  };
  CHECK(message([](v1::Job& job) { job.set_batch(8); }).find("batch: 4 -> 8") != std::string::npos);
  CHECK(message([](v1::Job& job) { job.set_seed(2); }).find("seed: 1 -> 2") != std::string::npos);
  CHECK(message([](v1::Job& job) { job.set_micro_batches(4); }).find("micro_batches: 2 -> 4") != std::string::npos);
  CHECK(message([](v1::Job& job) { job.set_slots(9); }).find("slots: 8 -> 9") != std::string::npos);
  CHECK(message([](v1::Job& job) { job.mutable_model(1)->mutable_lstm()->set_units(5); }).find("units: 4 -> 5") !=
        std::string::npos);
  CHECK(message([](v1::Job& job) { job.mutable_optimizer()->mutable_sgd()->set_learning_rate(1); }).find("optimizer") !=
        std::string::npos);
}

TEST_CASE("A checkpoint that was trained on other data is refused with both sizes") {
  JobStory story(Resuming(3));
  story.Play(R"(
    server s1
    worker w1
    w1 prepared 12 other
    assets => FAILED: the checkpoint /out/cats/checkpoint was trained on other data: 10 rows and 50 ids; now 12 and 50
  )");
}

TEST_CASE("A model that does not fit the data fails the job with the layer's name") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.mutable_job()->mutable_model(2)->mutable_dense()->set_units(7);
  JobStory story(spec);
  story.Play("server s1 \n worker w1 \n w1 prepared \n assets");
  CHECK(story.job().state() == v1::FAILED);
  CHECK(story.Status().message().find("model: layer 3 (dense)") == 0);
}

}  // namespace
}  // namespace pumasi
