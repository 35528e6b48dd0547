// Stories of jobs whose servers log every gradient they apply (durability: batch): they go back to the end of the log.
#include <catch2/catch.hpp>
#include <string>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

JobRun::Spec LoggedJobSpec(uint32_t every_batches = 2) {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.mutable_job()->set_durability(v1::DURABILITY_BATCH);
  spec.request.mutable_job()->mutable_checkpoint()->set_every_batches(every_batches);
  return spec;
}

// The log's end is found to be at `end`.
void Answer(JobStory& story, const absl::StatusOr<uint64_t>& end, uint64_t first_version) {
  const auto question = story.cluster().TakeLogQuestion();
  REQUIRE(question);
  CHECK(question->first == "cats-1");
  CHECK(question->second.folder == "/out/cats/push-log-cats-1");
  CHECK(question->second.first_version == first_version);
  CHECK(question->second.slots == 8);
  CHECK_FALSE(story.cluster().TakeLogQuestion());
  story.job().LogRead(question->second.number, end, story.now());
  story.Commit();
}

const char kLost[] =
    "server s1 at s1:7 died (its connection broke, silent for 0.5 s) and 8 of 8 slots had no copy elsewhere";

TEST_CASE("With a log the job goes back to where the log ends") {
  struct Case {
    uint64_t end;      // of the log
    uint64_t version;  // where training goes on
    std::string from;  // in the warning
  };
  // Four batches are done, the checkpoint is at two; 3 is the end of epoch 0.
  const Case cases[] = {
      {0, 2, ": back to batch 2 (the checkpoint checkpoint-000000002)"},
      {2, 2, ": back to batch 2 (the checkpoint checkpoint-000000002)"},
      {3, 3, ": back to batch 3 (the checkpoint checkpoint-000000002 and the log)"},
      {4, 4, ": back to batch 4 (the checkpoint checkpoint-000000002 and the log)"},
      {5, 4, ": back to batch 4 (the checkpoint checkpoint-000000002 and the log)"},
      {UINT64_MAX, 4, ": back to batch 4 (the checkpoint checkpoint-000000002 and the log)"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.end);
    JobStory story(LoggedJobSpec());
    story.Play(kTraining);
    CHECK(story.AssignmentFor("s1").push_log() == "/out/cats/push-log-cats-1");
    CHECK(story.AssignmentFor("w1").push_log().empty());
    story.Play(R"(
      w1 asks 9
      w1 done
      s1 saved 2
      completed    => checkpoint-000000002, TRAINING
      w1 asks 1
      w1 done 1
      s1 dies
    )");
    CHECK(story.Status().state() == v1::RECOVERING);
    CHECK_FALSE(story.cluster().TakeLogQuestion());
    story.Play("server s2");
    CHECK(story.Status().message() == std::string(kLost) + "; reads the log of applied gradients");
    CHECK(story.job().WaitingFor() == "the log of applied gradients to be read");
    Answer(story, c.end, 2);
    CHECK(story.Status().state() == v1::ALLOCATING);
    const v1::Assignment assignment = story.AssignmentFor("s2");
    CHECK(assignment.resume() == "/out/cats/checkpoint-000000002");
    CHECK(assignment.start().version() == c.version);
    CHECK(assignment.push_log() == "/out/cats/push-log-cats-1");
    const v1::JobStatus status = story.Status();
    CHECK(status.warnings(status.warnings_size() - 1) == kLost + c.from);
    CHECK(status.samples() == 2 * c.version);
    CHECK(status.epochs_done_size() == (c.version > 3 ? 1 : 0));
    CHECK(story.job().Audit().undone_batches() == 4 - c.version);
    story.Play("s2 ready => TRAINING");
    CHECK(story.Status().progress().version() == c.version);
    CHECK(story.Status().epochs_done_size() == (c.version >= 3 ? 1 : 0));
    // From there it goes on to the end as ever.
    story.Play(R"(
      w1 asks 9
      w1 done
      w1 asks 9
      w1 done      => SAVING
      s2 saved model
      completed    => model, DONE
    )");
    CHECK(story.last_checkpoint.log == "/out/cats/push-log-cats-1");
    CHECK(story.job().GoesOnFrom("model"));
    CHECK(story.Status().samples() == 12);
    CHECK(story.job().Audit().done() == 12);
    CHECK(story.Status().first_losses_size() == 6);
  }
}

TEST_CASE("A second loss goes back from the same checkpoint, to wherever the log ends by then") {
  JobStory story(LoggedJobSpec());
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 9
    w1 done
    s1 dies
    server s2
  )");
  Answer(story, 2, 0);
  story.Play("s2 dies");
  story.Play("server s3");
  Answer(story, 1, 0);
  CHECK(story.AssignmentFor("s3").start().version() == 1);
  CHECK(story.AssignmentFor("s3").resume().empty());
  story.Play(R"(
    s3 ready
    w1 asks 1    => train 0.1[0-1] at 1, TRAINING
    w1 done
    s3 dies
    server s4
  )");
  Answer(story, 9, 0);
  CHECK(story.AssignmentFor("s4").start().version() == 2);
}

TEST_CASE("A log that cannot be read, or takes too long, leaves the checkpoint", "[deadline]") {
  JobStory story(LoggedJobSpec());
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 2
    w1 done
    s1 dies
    server s2
  )");
  std::string warning;
  SECTION("error") {
    Answer(story, absl::DataLossError("bad sector"), 0);
    warning = "the log of applied gradients could not be read: bad sector";
  }
  SECTION("silence") {
    const auto question = story.cluster().TakeLogQuestion();
    CHECK(story.job().NextDeadline(story.now()) == story.now() + absl::Seconds(30));
    story.Play("29 pass");
    CHECK(story.Status().state() == v1::RECOVERING);
    story.Play("1 pass");
    warning = "reading the log of applied gradients took longer than 30s";
    story.job().LogRead(question->second.number, 2, story.now());  // nobody waits for it any more
  }
  CHECK(story.Status().state() == v1::ALLOCATING);
  CHECK(story.AssignmentFor("s2").start().version() == 0);
  const v1::JobStatus status = story.Status();
  REQUIRE(status.warnings_size() >= 2);
  CHECK(status.warnings(status.warnings_size() - 2) == warning);
}

TEST_CASE("A scheduler that starts again while the log is read asks once more") {
  JobStory story(LoggedJobSpec());
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 2
    w1 done
    s1 dies
    server s2
  )");
  REQUIRE(story.cluster().TakeLogQuestion());
  story.Restart();
  Answer(story, 2, 0);
  CHECK(story.AssignmentFor("s2").start().version() == 2);
}

TEST_CASE("A job that failed is resumed from its log") {
  JobStory story(LoggedJobSpec());
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 2
    w1 done
    cancelled    => CANCELLED: cancelled by its user
    resumed      => PREPARING
    w1 prepared  => PREPARING: reads the log of applied gradients
  )");
  Answer(story, 1, 0);
  CHECK(story.Status().state() == v1::ALLOCATING);
  story.Play(R"(
    s1 ready     => TRAINING
    w1 asks 1    => train 0.1[0-1] at 1, TRAINING
  )");
}

TEST_CASE("Batches' ends are durable with a log, and the latest eight are remembered beside the checkpoint's") {
  JobRun::Spec spec = LoggedJobSpec(100);
  spec.request.mutable_job()->set_epochs(10);
  JobStory story(spec);
  story.Play(kTraining);
  for (int batch = 0; batch < 12; ++batch) {
    story.Play("w1 asks 1 \n w1 done 0");
    v1::LeaseUnitsRequest request;
    request.set_incarnation(story.node("w1").incarnation());
    v1::UnitDone* done = request.add_done();
    done->set_kind(v1::TRAIN);
    done->set_version(batch);
    for (uint32_t part = 0; part < 2; ++part) done->add_parts()->set_part(part);
    REQUIRE(story.job().TakeResults(request, story.now()).ok());
    const auto commit = story.cluster().TakeCommit(story.now());
    REQUIRE(commit);
    CHECK(commit->durability == Durability::kSynced);
    story.Commit();
    const size_t cuts = story.store().List("job/cats-1/cut/")->size();
    CHECK(cuts == 1 + std::min<size_t>(batch + 1, 8));
  }
  story.Play("s1 dies \n server s2");
  Answer(story, 6, 0);
  CHECK(story.AssignmentFor("s2").start().version() == 6);
}

TEST_CASE("A checkpoint that is completed after the job went back is not what it goes on from") {
  JobStory story(LoggedJobSpec(1));
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 1
    w1 done
    s1 saved 1
    completed    => checkpoint-000000001, TRAINING
    w1 asks 1
    w1 done
    s1 saved 2
  )");
  CHECK(story.job().GoesOnFrom("checkpoint-000000001"));
  auto finish = story.job().TakeCheckpoint();
  REQUIRE(finish);
  story.Play("s1 dies");
  story.job().CheckpointFinished(finish->folder, absl::OkStatus(), "", story.now());
  CHECK_FALSE(story.job().GoesOnFrom(finish->name));
  CHECK(story.job().GoesOnFrom("checkpoint-000000001"));
}

TEST_CASE("A server's warning lets the job go on, its failure does not; strangers are not heard") {
  JobStory story;
  story.Play(kTraining);
  v1::ReportFailureRequest request;
  request.set_incarnation(story.node("s1").incarnation());
  request.set_message("could not write the log");
  request.set_goes_on(true);
  REQUIRE(story.job().NodeFailed(request, story.now()).ok());
  CHECK(story.Status().state() == v1::TRAINING);
  CHECK(story.Status().warnings(0) == "s1: could not write the log");
  request.set_incarnation(1);
  CHECK_FALSE(story.job().NodeFailed(request, story.now()).ok());
  request.set_incarnation(story.node("w1").incarnation());
  request.set_message("no memory");
  request.set_goes_on(false);
  REQUIRE(story.job().NodeFailed(request, story.now()).ok());
  CHECK(story.Status().state() == v1::FAILED);
  CHECK(story.Status().message() == "w1: no memory");
}

}  // namespace
}  // namespace pumasi
