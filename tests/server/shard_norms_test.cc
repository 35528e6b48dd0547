// Batches that wait for norms, and rates that change on the way: several servers against one, and against plain loops.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "ops/norm_clip.h"
#include "tests/ops/optimizer_cases.h"
#include "tests/server/plain_messages.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

v1::Job JobWith(const std::string& optimizer) {
  v1::Job job;
  job.set_micro_batches(2);
  *job.mutable_optimizer() = ParseOptimizer(optimizer);
  return job;
}

// What the scheduler answers.
std::vector<double> Combined(ShardGroup& group) {
  std::vector<ExactSum> sums(SmallTables().size());
  for (auto& shard : group.shards()) {
    REQUIRE(shard->waits_for_norms().has_value());
    const std::vector<ExactSum> squares = shard->Squares();
    REQUIRE(squares.size() == sums.size());
    for (size_t table = 0; table < sums.size(); ++table) sums[table].Add(squares[table]);
  }
  std::vector<double> squares;
  for (const ExactSum& sum : sums) squares.push_back(sum.Value());
  return squares;
}

void ApplyNorms(ShardGroup& group, uint64_t version) {
  const std::vector<double> squares = Combined(group);
  for (auto& shard : group.shards()) {
    REQUIRE(shard->ApplyNorms(version, squares).ok());
    // An answer that comes twice.
    REQUIRE(shard->ApplyNorms(version, squares).ok());
    REQUIRE(shard->LeastVersion() == version + 1);
  }
}

TEST_CASE("Clipped by norm, any number of servers comes to the bits of one, and to plain clipping") {
  const std::string clip = GENERATE(as<std::string>(), "norm: 1e-3", "global_norm: 2e-3", "norm: 1e30");
  CAPTURE(clip);
  const std::string optimizer = "sgd { learning_rate: 1 } clip { " + clip + " }";
  ShardGroup one(JobWith(optimizer), 1), three(JobWith(optimizer), 3, 1, 0, /*backups=*/true),
      plain(JobWith("sgd { learning_rate: 1 }"), 1);
  std::mt19937_64 random(7);
  AllValues values = plain.PullAll(0);
  for (uint64_t version = 0; version < 6; ++version) {
    CAPTURE(version);
    const std::vector<Gradient> parts = {RandomGradient(random), RandomGradient(random)};
    for (ShardGroup* group : {&one, &three}) {
      for (uint32_t part = 0; part < 2; ++part) {
        group->Push(version, {part, part + 1}, parts[part]);
      }
      // The values stay until the norms are there, and a unit pushed again is not applied again.
      CHECK(SameBits(group->PullAll(version), values));
      group->Push(version, {0, 1}, parts[0], v1::PushResponse::DUPLICATE);
      v1::PullResponse response;
      CHECK(ReasonOf(PullPlain(*group->shards()[0], group->PullFor(0, version + 1), &response)) ==
            v1::ErrorDetail::NOT_READY);
      ApplyNorms(*group, version);
    }
    const AllValues after = one.PullAll(version + 1);
    REQUIRE(SameBits(after, three.PullAll(version + 1)));

    // By plain loops: each table's sum of squares, and the move that is left.
    const Gradient sum = SumOf(parts, {0, 2});
    std::vector<double> squares(3);
    const auto gradient_of = [&](size_t table) -> const std::vector<float>& {
      return table == 0 ? sum.rows[0].values : sum.dense[table];
    };
    for (size_t table = 0; table < 3; ++table) {
      for (const float g : gradient_of(table)) squares[table] += double{g} * g;
    }
    const std::vector<float> factors = ClipFactors(ParseOptimizer(optimizer), SmallTables(), squares);
    for (size_t table = 0; table < 3; ++table) {
      const std::vector<float>& g = gradient_of(table);
      for (size_t i = 0; i < g.size(); ++i) {
        const size_t at = table == 0 ? sum.rows[0].ids[i / 3] * 3 + i % 3 : i;
        REQUIRE(after[table][at] == Approx(values[table][at] - factors[table] * g[i]).epsilon(1e-6).margin(1e-9));
      }
    }
    values = after;
  }
}

TEST_CASE("A gradient without a finite norm is not applied, and the table is named") {
  ShardGroup group(JobWith("sgd { learning_rate: 1 } clip { norm: 1 }"), 1);
  std::mt19937_64 random(7);
  const Gradient gradient = RandomGradient(random);
  group.Push(0, {0, 2}, gradient);
  const absl::Status status = group.shards()[0]->ApplyNorms(0, {1, std::nan(""), 1});
  CHECK(ReasonOf(status) == v1::ErrorDetail::NOT_FINITE);
  CHECK(std::string(status.message()) == "batch 0: the gradient of kernel has no finite norm");
  CHECK(group.shards()[0]->LeastVersion() == 0);
}

v1::RateChange Change(uint64_t step, double factor) {
  v1::RateChange change;
  change.set_from_step(step);
  change.set_factor(factor);
  return change;
}

TEST_CASE("A change of the rate comes with the pushes of its batch, and moves untouched rows by it, too") {
  const v1::Job job = AdamJob(2);
  ShardGroup group(job, 2);
  std::mt19937_64 random(11);
  const RateChanges changes = {Change(4, 0.25)};
  const auto push = [&](uint64_t version, size_t known) {
    const Gradient gradient = RandomGradient(random);
    for (uint32_t server = 0; server < 2; ++server) {
      v1::PushRequest request = group.PushFor(server, version, {0, 2}, gradient);
      *request.mutable_rate_changes() = {changes.begin(), changes.begin() + known};
      v1::PushResponse response;
      REQUIRE(PushPlain(*group.shards()[server], request, &response).ok());
    }
    return gradient;
  };
  // Batches 0 to 2 are steps 1 to 3.
  std::vector<Gradient> gradients;
  for (uint64_t version = 0; version < 12; ++version) gradients.push_back(push(version, version >= 3 ? 1 : 0));

  const auto optimizer = MakeOptimizer(job.optimizer(), changes);
  REQUIRE(optimizer.ok());
  const AllValues start = ShardGroup(job, 1).PullAll(0), end = group.PullAll(12);
  for (uint64_t id = 0; id < 60; ++id) {
    std::vector<float> value(start[0].begin() + id * 3, start[0].begin() + id * 3 + 3), slots(6);
    uint64_t last = 0;
    for (uint64_t version = 0; version < 12; ++version) {
      const RowGradient& rows = gradients[version].rows[0];
      for (size_t i = 0; i < rows.ids.size(); ++i) {
        if (rows.ids[i] != id) continue;
        (*optimizer)->CatchUp(last, version, 3, value.data(), slots.data());
        (*optimizer)->Apply(last = version + 1, 3, &rows.values[i * 3], value.data(), slots.data());
      }
    }
    (*optimizer)->CatchUp(last, 12, 3, value.data(), slots.data());
    CHECK(std::equal(value.begin(), value.end(), end[0].begin() + id * 3));
  }
}

TEST_CASE("Changes of the rate that contradict what a server knows are refused") {
  ShardGroup group(AdamJob(2), 1);
  std::mt19937_64 random(11);
  const auto push = [&](const RateChanges& changes) {
    v1::PushRequest request = group.PushFor(0, *group.shards()[0]->LeastVersion(), {0, 2}, RandomGradient(random));
    *request.mutable_rate_changes() = {changes.begin(), changes.end()};
    v1::PushResponse response;
    return PushPlain(*group.shards()[0], request, &response);
  };
  CHECK(ReasonOf(push({Change(2, 0.5)})) == v1::ErrorDetail::MALFORMED);
  CHECK(ReasonOf(push({Change(1, 1.5)})) == v1::ErrorDetail::MALFORMED);
  CHECK(ReasonOf(push({Change(1, std::nan(""))})) == v1::ErrorDetail::MALFORMED);
  REQUIRE(push({Change(1, 0.5)}).ok());
  CHECK(ReasonOf(push({})) == v1::ErrorDetail::MALFORMED);
  CHECK(ReasonOf(push({Change(1, 0.25)})) == v1::ErrorDetail::MALFORMED);
  CHECK(push({Change(1, 0.5), Change(2, 0.25)}).ok());
}

}  // namespace
}  // namespace pumasi
