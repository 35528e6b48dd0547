// What a server tells the scheduler: norms, failures, and what is told again.
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "ops/exact_sum.h"
#include "tests/server/hosting_story.h"
#include "tests/server/plain_messages.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

v1::Job ClippedJob() {
  v1::Job job;
  job.set_micro_batches(1);
  job.mutable_optimizer()->mutable_sgd()->set_learning_rate(1);
  job.mutable_optimizer()->mutable_clip()->set_norm(1e-3);
  return job;
}

// One server of a layout of two; what it wants done is looked at here.
struct OneServer {
  Hosting hosting{{.incarnation = 100, .node = "server"}};
  v1::Assignment assignment;
  absl::Duration now = absl::Seconds(5);
  FailingFiles disk;

  OneServer(const v1::Job& job, const std::string& owners, const std::string& backups = "") {
    assignment.set_job_id("job");
    *assignment.mutable_job() = job;
    for (const v1::TableSpec& table : SmallTables()) *assignment.add_tables() = table;
    assignment.add_workers(kWorker);
    v1::Layout& layout = *assignment.mutable_layout();
    layout.set_epoch(1);
    for (uint64_t server : {100, 101}) layout.add_servers()->set_incarnation(server);
    SetOwners(owners, &layout);
    SetCopies(backups, layout.mutable_slot_backup());
    assignment.set_state(v1::ALLOCATING);
    hosting.Assign(assignment, now);
    const HostingEffects effects = hosting.TakeEffects();
    hosting.ShardMade(effects.shards.at(0).ticket, MakeShard(effects.shards[0], disk), now);
    Answer(absl::OkStatus());
    assignment.set_state(v1::TRAINING);
    hosting.Assign(assignment, now);
  }
  // What it tells now; all of it is answered with `status`.
  std::vector<TellWish> Answer(const absl::Status& status, const v1::CombineNormsResponse& norms = {}) {
    const std::vector<TellWish> tells = hosting.TakeEffects().tells;
    for (const TellWish& wish : tells) hosting.Told(wish.ticket, status, norms, now);
    return tells;
  }
  void Pass(absl::Duration time) { hosting.Tick(now += time); }
  absl::Status Push(uint64_t version, const Gradient& gradient) {
    v1::PushRequest request = PushFor(assignment.layout(), 0, version, {0, 1}, gradient);
    request.mutable_header()->set_incarnation(kWorker);
    request.mutable_header()->set_layout_epoch(assignment.layout().epoch());
    v1::PushResponse response;
    return PushPlain(hosting, request, &response, now);
  }
  uint64_t version() const { return hosting.shard()->LeastVersion().value_or(~uint64_t{0}); }
};

Gradient SomeGradient() {
  std::mt19937_64 random(3);
  Gradient gradient;
  do {
    gradient = RandomGradient(random);
  } while (gradient.dense[1].empty());
  return gradient;
}

v1::CombineNormsResponse Norms() {
  v1::CombineNormsResponse norms;
  for (int table = 0; table < 3; ++table) norms.add_squares(4);
  return norms;
}

const v1::CombineNormsRequest& AsNorms(const TellWish& wish) { return std::get<v1::CombineNormsRequest>(wish.request); }

TEST_CASE("A batch waits for norms over all servers, and is asked for until they are there") {
  OneServer server(ClippedJob(), "0011");
  REQUIRE(server.Push(0, SomeGradient()).ok());
  CHECK(server.version() == 0);
  // The scheduler is not there, then not ready, then answers.
  auto tells = server.Answer(absl::UnavailableError("nobody is there"));
  REQUIRE(tells.size() == 1);
  CHECK(AsNorms(tells[0]).version() == 0);
  CHECK(AsNorms(tells[0]).tables_size() == 3);
  CHECK(server.hosting.TakeEffects().tells.empty());
  CHECK(server.hosting.NextDeadline() > server.now);
  server.Pass(absl::Seconds(1));
  CHECK(server.Answer(DetailedError(D::NOT_READY, "others are missing")).size() == 1);
  server.Pass(absl::Seconds(1));
  CHECK(server.Answer(absl::OkStatus(), Norms()).size() == 1);
  CHECK(server.version() == 1);
  CHECK(server.hosting.TakeEffects().empty());
}

TEST_CASE("Norms are asked for anew under a new layout, and an answer under the old one counts for nothing") {
  OneServer server(ClippedJob(), "0011");
  REQUIRE(server.Push(0, SomeGradient()).ok());
  const auto old = server.hosting.TakeEffects().tells;
  REQUIRE(old.size() == 1);
  server.assignment.mutable_layout()->set_epoch(2);
  server.hosting.Assign(server.assignment, server.now);
  server.hosting.Told(old[0].ticket, absl::OkStatus(), Norms(), server.now);
  CHECK(server.version() == 0);
  const auto tells = server.Answer(absl::OkStatus(), Norms());
  REQUIRE(tells.size() == 1);
  CHECK(AsNorms(tells[0]).layout_epoch() == 2);
  CHECK(server.version() == 1);
}

TEST_CASE("A server that only has backups asks, too, and adds nothing to the sums") {
  OneServer server(ClippedJob(), "1111", "0000");
  REQUIRE(server.Push(0, SomeGradient()).ok());
  const auto tells = server.Answer(absl::OkStatus(), Norms());
  REQUIRE(tells.size() == 1);
  for (const v1::ExactSquares& squares : AsNorms(tells[0]).tables()) CHECK(squares.chunks().empty());
  CHECK(server.version() == 1);
}

TEST_CASE("A gradient that is not finite fails the job, once") {
  OneServer server(AdamJob(1), "0011");
  Gradient gradient = SomeGradient();
  for (auto& value : gradient.dense[1]) value = std::numeric_limits<float>::infinity();
  CHECK(ReasonOf(server.Push(0, gradient)) == D::NOT_FINITE);
  CHECK(ReasonOf(server.Push(0, gradient)) == D::NOT_FINITE);
  const auto tells = server.Answer(absl::OkStatus());
  REQUIRE(tells.size() == 1);
  CHECK(std::get<v1::ReportFailureRequest>(tells[0].request).message() ==
        "batch 0, part 0: the gradient of kernel is NaN or infinite");
}

TEST_CASE("Tables that can't be made fail the job") {
  Hosting hosting({.incarnation = 100, .node = "server"});
  v1::Assignment assignment;
  assignment.set_state(v1::ALLOCATING);
  assignment.mutable_layout()->set_epoch(1);
  hosting.Assign(assignment, absl::ZeroDuration());
  const auto shards = hosting.TakeEffects().shards;
  REQUIRE(shards.size() == 1);
  FailingFiles disk;
  hosting.ShardMade(shards[0].ticket, MakeShard(shards[0], disk), absl::ZeroDuration());
  const auto tells = hosting.TakeEffects().tells;
  REQUIRE(tells.size() == 1);
  CHECK(std::holds_alternative<v1::ReportFailureRequest>(tells[0].request));
}

TEST_CASE("A scheduler that lost what it was told hears it again") {
  OneServer server(AdamJob(1), "0011");
  server.assignment.set_state(v1::ALLOCATING);
  server.hosting.Assign(server.assignment, server.now);
  CHECK(server.hosting.TakeEffects().tells.empty());
  for (int i = 0; i < 3; ++i) {
    CHECK(server.hosting.NextDeadline() <= server.now + absl::Seconds(2));
    server.Pass(absl::Seconds(2));
    const auto tells = server.Answer(absl::OkStatus());
    REQUIRE(tells.size() == 1);
    CHECK(std::holds_alternative<v1::ReportReadyRequest>(tells[0].request));
  }
}

}  // namespace
}  // namespace pumasi
