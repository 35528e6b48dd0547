#include "server/shard.h"

#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/error_detail.h"
#include "ops/initializer.h"
#include "tests/server/plain_messages.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

std::vector<Gradient> RandomParts(uint32_t parts, std::mt19937_64& random) {
  std::vector<Gradient> gradients;
  for (uint32_t part = 0; part < parts; ++part) gradients.push_back(RandomGradient(random));
  return gradients;
}

TEST_CASE("Any number of servers, and parts in any order and grouping, give the same bits as one server") {
  const uint32_t parts = GENERATE(1, 3, 4, 8);
  const uint64_t seed = GENERATE(1, 2);
  CAPTURE(parts, seed);
  std::mt19937_64 random(seed * 100 + parts);
  ShardGroup one(AdamJob(parts), 1);
  std::vector<std::unique_ptr<ShardGroup>> others;
  for (const uint32_t servers : {1, 2, 3, 3}) {
    others.push_back(std::make_unique<ShardGroup>(AdamJob(parts), servers, seed + others.size()));
  }
  for (uint64_t version = 0; version < 10; ++version) {
    const std::vector<Gradient> gradients = RandomParts(parts, random);
    for (uint32_t part = 0; part < parts; ++part) one.Push(version, {part, part + 1}, gradients[part]);
    const AllValues want = one.PullAll(version + 1);
    for (const auto& group : others) {
      for (const PartRange& node : RandomNodes(parts, random)) group->Push(version, node, SumOf(gradients, node));
      CAPTURE(version, group->shards().size());
      REQUIRE(SameBits(group->PullAll(version + 1), want));
    }
  }
}

TEST_CASE("Each server goes on by itself: one may be a batch behind") {
  std::mt19937_64 random(1);
  ShardGroup group(AdamJob(1), 2);
  const Gradient first = RandomGradient(random);
  v1::PushResponse response;
  REQUIRE(PushPlain(*group.shards()[0], group.PushFor(0, 0, {0, 1}, first), &response).ok());
  CHECK(group.shards()[0]->LeastVersion() == 1);
  CHECK(group.shards()[1]->LeastVersion() == 0);
}

TEST_CASE("A unit counts once, however often and in whatever pieces it is pushed") {
  std::mt19937_64 random(5);
  ShardGroup group(AdamJob(4), 2), plain(AdamJob(4), 2);
  for (uint64_t version = 0; version < 4; ++version) {
    const std::vector<Gradient> gradients = RandomParts(4, random);
    for (uint32_t part = 0; part < 4; ++part) plain.Push(version, {part, part + 1}, gradients[part]);
    group.Push(version, {0, 2}, SumOf(gradients, {0, 2}));
    group.Push(version, {0, 2}, SumOf(gradients, {0, 2}), v1::PushResponse::DUPLICATE);
    group.Push(version, {1, 2}, gradients[1], v1::PushResponse::DUPLICATE);
    group.Push(version, {3, 4}, gradients[3]);
    group.Push(version, {3, 4}, gradients[3], v1::PushResponse::DUPLICATE);
    group.Push(version, {2, 3}, gradients[2]);
    // The batch is applied: everything of it, and of those before, is known.
    for (uint64_t old = 0; old <= version; ++old) {
      group.Push(old, {0, 4}, SumOf(gradients, {0, 4}), v1::PushResponse::DUPLICATE);
      group.Push(old, {2, 3}, gradients[2], v1::PushResponse::DUPLICATE);
    }
    CAPTURE(version);
    CHECK(SameBits(group.PullAll(version + 1), plain.PullAll(version + 1)));
  }
}

// Pushes to one shard and says why it was refused.
D::Reason Refusal(ShardGroup& group, const v1::PushRequest& push) {
  v1::PushResponse response;
  return ReasonOf(PushPlain(*group.shards()[0], push, &response));
}

TEST_CASE("A node of which a part was applied is refused, and its other parts are taken one by one") {
  std::mt19937_64 random(6);
  ShardGroup group(AdamJob(4), 1), plain(AdamJob(4), 1);
  const std::vector<Gradient> gradients = RandomParts(4, random);
  for (uint32_t part = 0; part < 4; ++part) plain.Push(0, {part, part + 1}, gradients[part]);
  group.Push(0, {1, 2}, gradients[1]);
  CHECK(Refusal(group, group.PushFor(0, 0, {0, 2}, SumOf(gradients, {0, 2}))) == D::PARTLY_APPLIED);
  CHECK(Refusal(group, group.PushFor(0, 0, {0, 4}, SumOf(gradients, {0, 4}))) == D::PARTLY_APPLIED);
  group.Push(0, {2, 4}, SumOf(gradients, {2, 4}));
  group.Push(0, {0, 1}, gradients[0]);
  CHECK(SameBits(group.PullAll(1), plain.PullAll(1)));
}

TEST_CASE("A push that is wrong is refused with its reason, and changes nothing") {
  std::mt19937_64 random(8);
  ShardGroup group(AdamJob(4), 1), plain(AdamJob(4), 1);
  std::vector<Gradient> gradients = RandomParts(4, random);
  do {
    gradients[0] = RandomGradient(random);
  } while (gradients[0].rows[0].ids.empty());
  const v1::PushRequest good = group.PushFor(0, 0, {0, 1}, gradients[0]);
  const auto refusal = [&](const std::function<void(v1::PushRequest&)>& spoil) {
    v1::PushRequest push = good;
    spoil(push);
    return Refusal(group, push);
  };
  CHECK(refusal([](v1::PushRequest& p) { p.set_end_part(3); }) == D::MALFORMED);
  CHECK(refusal([](v1::PushRequest& p) { p.set_first_part(1), p.set_end_part(3); }) == D::MALFORMED);
  CHECK(refusal([](v1::PushRequest& p) { p.set_end_part(0); }) == D::MALFORMED);
  CHECK(refusal([](v1::PushRequest& p) { p.set_first_part(4), p.set_end_part(5); }) == D::MALFORMED);
  CHECK(refusal([](v1::PushRequest& p) { p.set_first_part(0xffffffff), p.set_end_part(0); }) == D::MALFORMED);
  CHECK(refusal([](v1::PushRequest& p) { p.mutable_keys(0)->add_deltas(1000); }) == D::MALFORMED);
  CHECK(refusal([](v1::PushRequest& p) { p.mutable_values(0)->set_crc32c(0); }) == D::CORRUPT);
  CHECK(refusal([](v1::PushRequest& p) { p.set_version(1); }) == D::NOT_READY);
  CHECK(refusal([](v1::PushRequest& p) {
          std::string& bytes = *p.mutable_values(0)->mutable_values();
          const float bad = std::numeric_limits<float>::infinity();
          std::memcpy(bytes.data(), &bad, sizeof bad);
          p.mutable_values(0)->set_crc32c(Crc32c(bytes));
        }) == D::NOT_FINITE);
  for (uint32_t part = 0; part < 4; ++part) {
    group.Push(0, {part, part + 1}, gradients[part]);
    plain.Push(0, {part, part + 1}, gradients[part]);
  }
  CHECK(SameBits(group.PullAll(1), plain.PullAll(1)));
}

TEST_CASE("A refusal names batch and parts") {
  ShardGroup group(AdamJob(4), 1);
  std::mt19937_64 random(9);
  Gradient gradient;
  while (gradient.dense.empty() || gradient.dense[2].empty()) gradient = RandomGradient(random);
  gradient.dense[2][3] = std::numeric_limits<float>::quiet_NaN();
  v1::PushResponse response;
  const absl::Status status = PushPlain(*group.shards()[0], group.PushFor(0, 0, {2, 4}, gradient), &response);
  CHECK(status.message() == "batch 0, parts 2-3: the gradient of bias is NaN or infinite");
}

TEST_CASE("Values are read at the version and at the one before it, exactly as they were") {
  const uint32_t servers = GENERATE(1, 3);
  CAPTURE(servers);
  std::mt19937_64 random(11);
  ShardGroup group(AdamJob(2), servers);
  AllValues before = group.PullAll(0);
  for (uint64_t version = 0; version < 12; ++version) {
    const std::vector<Gradient> gradients = RandomParts(2, random);
    group.Push(version, {0, 1}, gradients[0]);
    // A batch in progress changes nothing.
    REQUIRE(SameBits(group.PullAll(version), before));
    group.Push(version, {1, 2}, gradients[1]);
    CAPTURE(version);
    REQUIRE(SameBits(group.PullAll(version), before));
    const AllValues now = group.PullAll(version + 1);
    REQUIRE_FALSE(SameBits(now, before));
    before = now;
  }
}

TEST_CASE("An older version is gone, a newer one is not there yet and says what it waits for") {
  std::mt19937_64 random(12);
  ShardGroup group(AdamJob(4), 1);
  for (uint64_t version = 0; version < 2; ++version) group.Push(version, {0, 4}, RandomGradient(random));
  group.Push(2, {1, 2}, RandomGradient(random));
  const auto pull = [&](uint64_t version) {
    v1::PullResponse response;
    return PullPlain(*group.shards()[0], group.PullFor(0, version), &response);
  };
  CHECK(pull(2).ok());
  CHECK(pull(1).ok());
  CHECK(ReasonOf(pull(0)) == D::TOO_LATE);
  CHECK(ReasonOf(pull(~uint64_t{0})) == D::NOT_READY);
  const absl::Status early = pull(3);
  CHECK(early.message() == "waits for part 0, parts 2-3 of batch 2");
  REQUIRE(DetailOf(early).has_value());
  CHECK(DetailOf(early)->reason() == D::NOT_READY);
  CHECK(DetailOf(early)->waiting_for() == "part 0, parts 2-3 of batch 2");
  CHECK(DetailOf(early)->version() == 2);
  CHECK(DetailOf(early)->layout_epoch() == 3);
}

TEST_CASE("A shard that has applied nothing yet has no version before") {
  ShardGroup group(AdamJob(1), 1, 1, 7);
  v1::PullResponse response;
  CHECK(PullPlain(*group.shards()[0], group.PullFor(0, 7), &response).ok());
  CHECK(ReasonOf(PullPlain(*group.shards()[0], group.PullFor(0, 6), &response)) == D::TOO_LATE);
}

TEST_CASE("A pull of rows that are not there is MALFORMED") {
  ShardGroup group(AdamJob(1), 1);
  v1::PullRequest request = group.PullFor(0, 0);
  request.mutable_rows(0)->add_deltas(1000);
  v1::PullResponse response;
  CHECK(ReasonOf(PullPlain(*group.shards()[0], request, &response)) == D::MALFORMED);
}

TEST_CASE("A row's status says whether it was ever changed") {
  ShardGroup group(AdamJob(1), 1);
  Gradient gradient;
  gradient.rows.resize(3);
  gradient.dense.resize(3);
  gradient.rows[0] = {{4}, {1, 1, 1}};
  group.Push(0, {0, 1}, gradient);
  v1::PullResponse response;
  REQUIRE(PullPlain(*group.shards()[0], group.PullFor(0, 1), &response).ok());
  const std::string& statuses = response.rows(0).statuses();
  REQUIRE(statuses.size() == 60);
  for (size_t id = 0; id < statuses.size(); ++id) {
    CHECK(statuses[id] == (id == 4 ? v1::ROW_STATUS_TRAINED : v1::ROW_STATUS_INITIAL));
  }
}

// Adam as its formula reads: every value in every step.
struct PlainAdam {
  std::vector<double> value, m, v;

  explicit PlainAdam(const std::vector<float>& initial)
      : value(initial.begin(), initial.end()), m(initial.size()), v(initial.size()) {}

  void Step(uint64_t step, const std::vector<float>& gradient) {
    const double rate = 0.01 * std::sqrt(1 - std::pow(0.999, step)) / (1 - std::pow(0.9, step));
    for (size_t i = 0; i < value.size(); ++i) {
      m[i] = 0.9 * m[i] + 0.1 * gradient[i];
      v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
      value[i] -= rate * m[i] / (std::sqrt(v[i]) + 1e-8);
    }
  }
};

TEST_CASE("Rows that batches leave out move all the same, as under dense Adam") {
  std::mt19937_64 random(21);
  ShardGroup group(AdamJob(1), 2);
  const std::vector<v1::TableSpec> tables = SmallTables();
  std::vector<PlainAdam> dense;
  for (const v1::TableSpec& table : tables) {
    std::vector<float> initial(table.rows() * table.columns());
    InitialTensor(table, initial.data());
    dense.emplace_back(initial);
  }
  const AllValues start = group.PullAll(0);
  for (size_t i = 0; i < start[0].size(); ++i) REQUIRE(start[0][i] == static_cast<float>(dense[0].value[i]));
  for (uint64_t version = 0; version < 200; ++version) {
    const Gradient gradient = RandomGradient(random);
    group.Push(version, {0, 1}, gradient);
    std::vector<std::vector<float>> whole = gradient.dense;
    whole[0].resize(start[0].size());
    for (size_t i = 0; i < gradient.rows[0].ids.size(); ++i) {
      std::copy_n(gradient.rows[0].values.begin() + i * 3, 3, whole[0].begin() + gradient.rows[0].ids[i] * 3);
    }
    for (size_t table = 0; table < tables.size(); ++table) {
      whole[table].resize(start[table].size());
      dense[table].Step(version + 1, whole[table]);
    }
  }
  const AllValues now = group.PullAll(200);
  double moved = 0;
  for (size_t table = 0; table < tables.size(); ++table) {
    for (size_t i = 0; i < now[table].size(); ++i) {
      CAPTURE(table, i);
      // One rounding a step at most: 200 of them, of values near 1.
      REQUIRE(std::abs(now[table][i] - dense[table].value[i]) < 2e-5);
      moved = std::max(moved, std::abs(dense[table].value[i] - start[table][i]));
    }
  }
  CHECK(moved > 0.1);
}

TEST_CASE("Rows beyond the memory limit are refused, and what is there stays usable") {
  Shard::Options options;
  options.job = AdamJob(1);
  options.tables = {SmallTables()[0]};
  options.tables[0].set_rows(1'000'000);
  options.tables[0].set_columns(64);
  options.layout.add_servers()->set_incarnation(5);
  options.layout.add_slot_owner(0);
  options.incarnation = 5;
  options.memory_limit = 4 << 20;
  auto shard = *Shard::Create(options);
  const auto push = [&](uint64_t version, uint64_t first_id, uint64_t rows) {
    v1::PushRequest request;
    request.set_version(version);
    request.set_end_part(1);
    v1::RowKeys* keys = request.add_keys();
    for (uint64_t i = 0; i < rows; ++i) keys->add_deltas(i == 0 ? first_id : 1);
    v1::RowValues* values = request.add_values();
    values->set_rows(rows);
    values->set_width(64);
    values->mutable_values()->resize(rows * 64 * sizeof(float));
    values->set_crc32c(Crc32c(values->values()));
    v1::PushResponse response;
    return PushPlain(*shard, request, &response);
  };
  REQUIRE(push(0, 0, 1000).ok());
  const absl::Status refused = push(1, 1000, 10000);
  CHECK(ReasonOf(refused) == D::OVER_LIMIT);
  CHECK(std::string(refused.message()).find("memory_limit is 4194304") != std::string::npos);
  CHECK(shard->LeastVersion() == 1);
  // Rows that are there need nothing more.
  CHECK(push(1, 0, 1000).ok());
  CHECK(shard->bytes() <= options.memory_limit);
}

TEST_CASE("Tensors beyond the memory limit are refused before they are made") {
  Shard::Options options;
  options.job = AdamJob(1);
  options.tables = {SmallTables()[1]};
  options.layout.add_servers()->set_incarnation(5);
  options.layout.add_slot_owner(0);
  options.incarnation = 5;
  // The value and two slots of Adam's, its copy for pulls, the value before the last batch, and a gradient.
  options.memory_limit = 26000 * 6 * sizeof(float);
  CHECK(Shard::Create(options).ok());
  options.memory_limit -= 1;
  CHECK(ReasonOf(Shard::Create(options).status()) == D::OVER_LIMIT);
}

TEST_CASE("A server without slots has nothing to give and nothing to do") {
  Shard::Options options;
  options.job = AdamJob(2);
  options.tables = SmallTables();
  options.layout.add_servers()->set_incarnation(5);
  options.layout.add_servers()->set_incarnation(6);
  for (int slot = 0; slot < 4; ++slot) options.layout.add_slot_owner(0);
  options.incarnation = 6;
  auto shard = *Shard::Create(options);
  CHECK_FALSE(shard->LeastVersion().has_value());
  v1::PushRequest push;
  v1::PushResponse pushed;
  push.set_end_part(2);
  REQUIRE(PushPlain(*shard, push, &pushed).ok());
  CHECK(pushed.outcome() == v1::PushResponse::DUPLICATE);
  v1::PullRequest pull;
  pull.set_dense(true);
  v1::PullResponse pulled;
  REQUIRE(PullPlain(*shard, pull, &pulled).ok());
  CHECK(pulled.dense_size() == 0);
}

TEST_CASE("A job, tables or a layout that make no sense are refused") {
  const auto refused = [](const std::function<void(Shard::Options&)>& spoil) {
    Shard::Options options;
    options.job = AdamJob(2);
    options.tables = SmallTables();
    options.layout.add_servers()->set_incarnation(5);
    options.layout.add_slot_owner(0);
    options.incarnation = 5;
    spoil(options);
    return absl::IsInvalidArgument(Shard::Create(options).status());
  };
  CHECK_FALSE(refused([](Shard::Options&) {}));
  CHECK(refused([](Shard::Options& o) { o.layout.clear_slot_owner(); }));
  CHECK(refused([](Shard::Options& o) { o.layout.set_slot_owner(0, 1); }));
  CHECK(refused([](Shard::Options& o) { o.layout.add_slot_backup(2); }));
  CHECK(refused([](Shard::Options& o) { o.layout.add_slot_filling(0), o.layout.add_slot_filling(0); }));
  CHECK(refused([](Shard::Options& o) { o.job.clear_optimizer(); }));
  CHECK(refused([](Shard::Options& o) { o.tables[0].set_columns(0); }));
  CHECK(refused([](Shard::Options& o) { o.tables[1].clear_initializer(); }));
  CHECK(refused([](Shard::Options& o) { o.tables[0].mutable_initializer()->set_kind(v1::Initializer::ORTHOGONAL); }));
  CHECK(refused([](Shard::Options& o) { o.job.clear_micro_batches(); }));
}

}  // namespace
}  // namespace pumasi
