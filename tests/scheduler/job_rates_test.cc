// What the scheduler adds to optimizers: norms over all servers, and rates that follow the test loss.
#include <catch2/catch.hpp>
#include <cmath>

#include "common/error_detail.h"
#include "scheduler/norm_round.h"
#include "scheduler/plateau.h"
#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

v1::CombineNormsRequest Norms(uint64_t incarnation, uint64_t version, const std::vector<double>& squares) {
  v1::CombineNormsRequest request;
  request.set_incarnation(incarnation);
  request.set_version(version);
  request.set_layout_epoch(1);
  for (const double square : squares) {
    ExactSum sum;
    sum.Add(square);
    sum.ToMessage(request.add_tables());
  }
  return request;
}

const std::set<uint64_t> kOne = {1}, kTwo = {1, 2};

TEST_CASE("Norms are there once all servers gave theirs, each counted once") {
  NormRound round;
  CHECK_FALSE(round.Take(Norms(1, 5, {1, 2}), kTwo, 2)->has_value());
  CHECK(round.open_version() == 5);
  CHECK(round.gave(1));
  CHECK_FALSE(round.gave(2));
  CHECK_FALSE(round.Take(Norms(1, 5, {1, 2}), kTwo, 2)->has_value());
  const std::vector<double> want = {4, 6};
  CHECK(**round.Take(Norms(2, 5, {3, 4}), kTwo, 2) == want);
  CHECK_FALSE(round.open_version());
  // The one whose call waited, and one whose answer was lost, ask again.
  CHECK(**round.Take(Norms(1, 5, {1, 2}), kTwo, 2) == want);
  CHECK_FALSE(round.Take(Norms(2, 6, {1, 1}), kTwo, 2)->has_value());
  CHECK(**round.Take(Norms(2, 5, {3, 4}), kTwo, 2) == want);
  CHECK(**round.Take(Norms(1, 6, {1, 1}), kTwo, 2) == std::vector<double>{2, 2});
}

TEST_CASE("Norms of other tables, of past batches and of no numbers are refused") {
  NormRound round;
  CHECK_FALSE(round.Take(Norms(1, 5, {1}), kOne, 2).ok());
  REQUIRE(round.Take(Norms(1, 5, {1, 2}), kOne, 2)->has_value());
  CHECK_FALSE(round.Take(Norms(1, 4, {1, 2}), kOne, 2).ok());
  REQUIRE(round.Take(Norms(1, 6, {1, 2}), kTwo, 2).ok());
  CHECK_FALSE(round.Take(Norms(2, 7, {1, 2}), kTwo, 2).ok());
  v1::CombineNormsRequest bad = Norms(2, 6, {1, 2});
  bad.mutable_tables(0)->add_chunks(-7);
  CHECK_FALSE(round.Take(bad, kTwo, 2).ok());
}

TEST_CASE("The rate falls after `patience` epochs without a better loss, as Keras' ReduceLROnPlateau does it") {
  v1::ReduceOnPlateau settings;
  settings.set_factor(0.5);
  settings.set_patience(2);
  settings.set_min_delta(0.01);
  settings.set_cooldown(1);
  settings.set_floor(0.2);
  Plateau plateau(settings);
  // Losses, and the factors that Keras 3.15 comes to with the same settings and a rate of 1 (min_lr 0.2).
  const std::vector<std::pair<double, double>> epochs = {
      {1.0, 1},   {0.995, 1}, {0.991, 0.5}, {0.9, 0.5}, {0.9, 0.5}, {0.895, 0.25},      {0.9, 0.25},
      {0.9, 0.2}, {0.9, 0.2}, {0.9, 0.2},   {0.9, 0.2}, {0.9, 0.2}, {std::nan(""), 0.2}};
  double factor = 1;
  for (size_t epoch = 0; epoch < epochs.size(); ++epoch) {
    CAPTURE(epoch);
    factor = plateau.Observe(epochs[epoch].first).value_or(factor);
    CHECK(factor == epochs[epoch].second);
  }
}

JobRun::Spec PlateauSpec() {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.mutable_job()->set_epochs(4);
  v1::ReduceOnPlateau* plateau =
      spec.request.mutable_job()->mutable_optimizer()->mutable_schedule()->mutable_reduce_on_plateau();
  plateau->set_factor(0.1);
  plateau->set_patience(1);
  return spec;
}

constexpr char kEpoch[] = R"(
  w1 asks 9
  w1 done      => EVALUATING
  w1 asks 9    => test [0-4] at @, EVALUATING
  w1 done
)";

std::string Epoch(const std::string& version) {
  std::string story = kEpoch;
  story.replace(story.find('@'), 1, version);
  return story;
}

TEST_CASE("Leases of the epochs after a plateau carry the lower rate, and the checkpoint tells it") {
  JobStory story(PlateauSpec(), 5);
  story.Play(kTraining);
  story.Play(Epoch("3") + Epoch("6"));
  // The second loss was no better than the first one.
  const auto leases = story.cluster().Lease(story.job(), story.node("w1").incarnation(), 1, story.now());
  REQUIRE(leases.ok());
  REQUIRE(leases->leases_size() == 1);
  REQUIRE(leases->leases(0).rate_changes_size() == 1);
  CHECK(leases->leases(0).rate_changes(0).from_step() == 7);
  CHECK(leases->leases(0).rate_changes(0).factor() == 0.1);
  CHECK(story.Status().rate_changes_size() == 1);
  // Both checkpoints are complete only now, when the job is further.
  story.Play(R"(
    s1 saved 6
    completed => checkpoint-000000006, TRAINING
  )");
  CHECK(story.last_checkpoint.manifest.rate_changes_size() == 0);
  CHECK(story.last_checkpoint.manifest.epoch_losses_size() == 2);
}

TEST_CASE("A job continued from a checkpoint goes on with the losses it has seen") {
  JobRun::Spec spec = PlateauSpec();
  spec.resume.emplace();
  *spec.resume->mutable_job() = spec.request.job();
  spec.resume->mutable_data()->set_fingerprint("data");
  spec.resume->mutable_progress()->set_version(7);
  spec.resume->add_epoch_losses(0.5);
  spec.resume->add_epoch_losses(0.5);
  JobStory story(spec, 5);
  story.Play(R"(
    server s1
    worker w1    => PREPARING
    w1 prepared 10 data => upload, PREPARING
    assets       => ALLOCATING
  )");
  const v1::Assignment assignment = story.AssignmentFor("s1");
  REQUIRE(assignment.rate_changes_size() == 1);
  CHECK(assignment.rate_changes(0).from_step() == 7);
  story.Play("s1 ready => TRAINING");
}

TEST_CASE("A checkpoint written before its epoch's evaluation is evaluated first") {
  JobRun::Spec spec = PlateauSpec();
  spec.resume.emplace();
  *spec.resume->mutable_job() = spec.request.job();
  spec.resume->mutable_data()->set_fingerprint("data");
  spec.resume->mutable_progress()->set_version(6);
  spec.resume->add_epoch_losses(0.5);
  JobStory story(spec, 5);
  story.Play(R"(
    server s1
    worker w1    => PREPARING
    w1 prepared 10 data => upload, PREPARING
    assets       => ALLOCATING
    s1 ready     => EVALUATING
    w1 asks 9    => test [0-4] at 6, EVALUATING
    w1 done      => TRAINING
  )");
  CHECK(story.Status().rate_changes_size() == 1);
}

TEST_CASE("A plateau without test rows, and a checkpoint with too few losses, are refused") {
  JobStory no_test(PlateauSpec(), 0);
  no_test.Play(R"(
    server s1
    worker w1    => PREPARING
    w1 prepared  => upload, PREPARING
    assets       => FAILED: optimizer.schedule.reduce_on_plateau looks at the test loss, and the data has no test rows
  )");
  JobRun::Spec spec = PlateauSpec();
  spec.request.set_resume("old");
  spec.resume.emplace();
  *spec.resume->mutable_job() = spec.request.job();
  spec.resume->mutable_data()->set_fingerprint("data");
  spec.resume->mutable_progress()->set_version(7);
  JobStory story(spec, 5);
  story.Play(R"(
    server s1
    worker w1    => PREPARING
    w1 prepared 10 data => upload, PREPARING
    assets       => FAILED: the checkpoint old has the test losses of 0 epochs; it is of epoch 2
  )");
}

TEST_CASE("Servers that are not the job's give no norms; the job says whose it waits for") {
  JobStory story;
  story.Play(R"(
    server s1
    server s2
    worker w1    => PREPARING
    w1 prepared  => upload, PREPARING
    assets       => ALLOCATING
    s1 ready
    s2 ready     => TRAINING
  )");
  const size_t tables = static_cast<size_t>(story.AssignmentFor("s1").tables_size());
  const std::vector<double> squares(tables, 1);
  CHECK(ReasonOf(story.job().CombineNorms(Norms(77, 0, squares)).status()) == v1::ErrorDetail::UNKNOWN_JOB);
  const auto first = story.job().CombineNorms(Norms(story.node("s1").incarnation(), 0, squares));
  REQUIRE(first.ok());
  CHECK_FALSE(first->has_value());
  CHECK(story.job().WaitingFor() == "nobody with 2 parts of batch 0, server s2 with its norm of batch 0");
  // No server can be so far ahead of what workers have done, nor have the sums of other tables.
  CHECK(absl::IsInvalidArgument(story.job().CombineNorms(Norms(story.node("s2").incarnation(), 99, squares)).status()));
  CHECK(absl::IsInvalidArgument(story.job().CombineNorms(Norms(story.node("s2").incarnation(), 0, {1})).status()));
  const auto second = story.job().CombineNorms(Norms(story.node("s2").incarnation(), 0, squares));
  REQUIRE(second.ok());
  REQUIRE(second->has_value());
  CHECK((*second)->squares(0) == 2);
}

}  // namespace
}  // namespace pumasi
