// What becomes of a job and its checkpoints: written on the way, at the end, and gone on from.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

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
  CHECK(checkpoint.folder == ".checkpoint-000000002-g0.tmp");
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
    w1 asks 2
    w1 done
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
    w1 asks 9
    w1 done
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
  CHECK(story.Status().warnings(1) == "checkpoint .checkpoint-000000002-g0.tmp failed: Read-only file system");
}

TEST_CASE("A checkpoint in a folder of another name is refused") {
  JobStory story;
  story.Play(kTraining);
  for (const std::string folder : {"", "..", "../x", ".checkpoint-000000001-g0.tmp", ".checkpoint-000000002-g1.tmp",
                                   "checkpoint-000000002", ".model-g0.tmp/x"}) {
    v1::ReportShardSavedRequest request;
    request.set_incarnation(story.node("s1").incarnation());
    request.set_version(2);
    request.set_folder(folder);
    request.set_layout_epoch(1);
    CAPTURE(folder);
    CHECK(absl::IsInvalidArgument(story.job().ShardSaved(request, story.now())));
  }
}

TEST_CASE("A model that a server, or the scheduler, could not write is written again, into another folder") {
  JobStory story;
  story.Play(kTraining);
  story.Play(kSaving);
  SECTION("a server") {
    story.Play(R"(
      s1 saved model No space left on device => SAVING: the model could not be written: server s1: No space left on device
      completed => nothing, SAVING: the model could not be written: server s1: No space left on device
    )");
  }
  SECTION("the scheduler") {
    story.Play(R"(
      s1 saved model
      completed Input/output error => model, SAVING: the model could not be written: Input/output error
    )");
    CHECK(story.Status().model().empty());
  }
  story.Play("3 pass");
  CHECK(story.AssignmentFor("s1").save_folder() == ".model-g0-1.tmp");
  story.Play(R"(
    s1 saved model
    completed => model, DONE
  )");
}

TEST_CASE("A model that can't be written for the stall_timeout fails the job, which says why", "[deadline]") {
  JobStory story;
  story.Play(kTraining);
  story.Play(kSaving);
  for (int seconds = 0; seconds < 120 && !story.job().ended(); seconds += 3) {
    if (!story.AssignmentFor("s1").save_folder().empty()) story.Play("s1 saved model No space left on device");
    story.Play("3 pass");
  }
  CHECK(story.job().state() == v1::FAILED);
  CHECK_THAT(story.Status().message(), Catch::Contains("No space left on device") && Catch::Contains("no progress"));
}

TEST_CASE("A cut counts once the job knows that its batches are done, whatever servers have written before") {
  JobStory story;
  story.Play(kTraining);
  story.Play(R"(
    s1 saved 1
    s1 saved 2
    completed    => nothing, TRAINING
    w1 asks 2
    w1 done 1
    completed    => checkpoint-000000001, TRAINING
    w1 done
    completed    => checkpoint-000000002, TRAINING
  )");
  CHECK(story.Status().checkpoint() == "checkpoint-000000002");
}

TEST_CASE("A checkpoint of changes alone names the one that it follows; servers are told how many there were") {
  JobStory story;
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 9
    w1 done      => TRAINING
    s1 saved 1
    completed    => checkpoint-000000001, TRAINING
    s1 saved 2 since 1
    completed    => checkpoint-000000002, TRAINING
  )");
  CHECK(story.last_checkpoint.base == "checkpoint-000000001");
  REQUIRE(story.last_checkpoint.manifest.shards_size() == 1);
  CHECK(story.last_checkpoint.manifest.shards(0).since() == 1);
  CHECK(story.last_checkpoint.manifest.shards(0).version() == 2);
  CHECK(story.AssignmentFor("s1").checkpoint_version() == 2);
  CHECK(story.AssignmentFor("s1").checkpoint_deltas() == 1);
  story.Play(R"(
    s1 saved 3
    completed    => checkpoint-000000003, TRAINING
  )");
  CHECK(story.last_checkpoint.base.empty());
  CHECK(story.AssignmentFor("s1").checkpoint_deltas() == 0);
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
  CHECK(message([](v1::Job& job) { job.set_split(v1::SPLIT_EPOCH); }).find("split: SPLIT_BATCH -> SPLIT_EPOCH") !=
        std::string::npos);
  CHECK(message([](v1::Job& job) { job.set_slots(9); }).find("slots: 8 -> 9") != std::string::npos);
  CHECK(message([](v1::Job& job) { job.mutable_model(1)->mutable_lstm()->set_units(5); }).find("units: 4 -> 5") !=
        std::string::npos);
  CHECK(message([](v1::Job& job) { job.mutable_optimizer()->mutable_sgd()->set_learning_rate(1); }).find("optimizer") !=
        std::string::npos);
  // Of rows, and in mode: ps of dense tensors too, each part was a step.
  CHECK(message([](v1::Job& job) { job.mutable_consistency()->mutable_async(); }).find("consistency") !=
        std::string::npos);
  const auto async = [](v1::Mode from, v1::Mode to) {
    JobRun::Spec spec = Resuming(3);
    v1::Job& before = *spec.resume->mutable_job();
    before.mutable_consistency()->mutable_async();
    before.set_mode(from);
    *spec.request.mutable_job() = before;
    spec.request.mutable_job()->set_mode(to);
    JobStory story(spec);
    story.Play("server s1 \n worker w1 \n w1 prepared \n assets");
    return story.Status().message();
  };
  CHECK(async(v1::MODE_PS, v1::MODE_HYBRID).find("mode: ") != std::string::npos);
  CHECK(async(v1::MODE_HYBRID, v1::MODE_PS).find("mode: ") != std::string::npos);
  CHECK(async(v1::MODE_HYBRID, v1::MODE_HYBRID).empty());
  CHECK(async(v1::MODE_PS, v1::MODE_PS).empty());
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

TEST_CASE("A delta whose base is gone fails, and the next checkpoint is whole") {
  JobStory story;
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 2
    w1 done
    s1 saved 1
    completed    => checkpoint-000000001, TRAINING
    s1 saved 2 since 1
  )");
  CHECK(story.AssignmentFor("s1").checkpoint_deltas() == 0);
  const auto finish = story.job().TakeCheckpoint();
  REQUIRE(finish);
  story.job().CheckpointFinished(finish->folder, absl::NotFoundError("no such folder"), "", story.now());
  story.Commit();
  // From full_every on servers write all rows.
  CHECK(story.AssignmentFor("s1").checkpoint_deltas() == 10);
  CHECK(story.AssignmentFor("s1").checkpoint_version() == 1);
  story.Play(R"(
    w1 asks 1
    w1 done
    s1 saved 3
    completed    => checkpoint-000000003, TRAINING
  )");
  CHECK(story.AssignmentFor("s1").checkpoint_deltas() == 0);
}

}  // namespace
}  // namespace pumasi
