// Stories of jobs that fail, are cancelled, or go on from a checkpoint.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

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

TEST_CASE("A job without progress fails after its stall time, and names whom it waited for", "[deadline]") {
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
  SECTION("a worker that does not finish, while another repeats its report") {
    JobStory story(spec);
    story.Play(R"(
      server s1
      worker w1
      worker w2    => PREPARING
      w1 prepared
      400 pass
      w1 prepared  => upload, PREPARING
      201 pass     => FAILED: no progress for 600 s in state PREPARING; waited for worker w2
    )");
    CHECK(story.Status().wall_seconds() == 601);
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

TEST_CASE("Progress of any kind starts the stall time anew; stale results are none", "[deadline]") {
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
  story.Play("5000 pass => QUEUED: waits for nodes: 0 of 1 servers and 0 of 1 workers are there");
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

TEST_CASE("A job that goes on asks another worker for the vocabulary if the one that was asked is gone") {
  JobStory story;
  story.Play(R"(
    server s1
    worker w1    => PREPARING
    w1 prepared  => upload, PREPARING
    cancelled    => CANCELLED: cancelled by its user
    w1 dies      => CANCELLED: cancelled by its user
    worker w2    => CANCELLED: cancelled by its user
    resumed      => PREPARING
    w2 prepared  => upload, PREPARING
    assets       => ALLOCATING
  )");
}

TEST_CASE("A checkpoint that waits to be completed is dropped when the job fails: it would lack the vocabulary") {
  JobStory story;
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 1
    w1 done
    s1 saved 1
    cancelled => CANCELLED: cancelled by its user
    completed => nothing, CANCELLED: cancelled by its user
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
