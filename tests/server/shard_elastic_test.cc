// Elastic averaging on shards: lanes that have values of their own, whatever the servers, the order in which lanes
// come, and how often they do.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ops/elastic_average.h"
#include "ops/initializer.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

constexpr uint32_t kLanes = 3;
constexpr double kShare = 0.75;

v1::Job ElasticJob() {
  v1::Job job = AdamJob(kLanes);
  job.set_batch(8);
  job.mutable_average_every()->set_batches(2);
  job.mutable_average_every()->set_elastic(kShare);
  return job;
}

// What a lane's worker sees; no lane: what counts.
AllValues PullLane(ShardGroup& group, uint64_t version, int lane = -1) {
  AllValues all = NoValues();
  for (uint32_t server = 0; server < group.shards().size(); ++server) {
    v1::PullRequest request = group.PullFor(server, version);
    if (lane >= 0) request.set_lane(static_cast<uint32_t>(lane));
    v1::PullResponse response;
    const absl::Status status = PullPlain(*group.shards()[server], request, &response);
    INFO(status.ToString());
    REQUIRE(status.ok());
    TakeAnswer(group.layout(), server, response, &all);
  }
  return all;
}

// All tables as rows that ElasticAverage keeps one by one; a dense tensor is one row that every step touches.
class OneTable {
 public:
  OneTable() : tables_(SmallTables()), elastic_(kLanes, kShare) {
    for (const v1::TableSpec& table : tables_) {
      const bool dense = table.kind() == v1::TableSpec::DENSE;
      std::vector<Row>& rows = rows_.emplace_back(dense ? 1 : table.rows());
      for (size_t id = 0; id < rows.size(); ++id) {
        Row& row = rows[id];
        row.value.resize(dense ? DenseFloats(table) : table.columns());
        row.slots.resize(row.value.size() * kLanes);
        if (dense) {
          InitialTensor(table, row.value.data());
        } else {
          InitialRow(table, id, row.value.data());
        }
      }
    }
  }

  void Step(const std::vector<Gradient>& lanes) {
    for (size_t table = 0; table < tables_.size(); ++table) {
      for (size_t id = 0; id < rows_[table].size(); ++id) {
        Row& row = rows_[table][id];
        const size_t width = row.value.size();
        std::vector<float> gradient(kLanes * width);
        bool touched = tables_[table].kind() == v1::TableSpec::DENSE;
        for (uint32_t lane = 0; lane < kLanes; ++lane) touched |= Take(lanes[lane], table, id, &gradient[lane * width]);
        if (!touched) continue;
        elastic_.CatchUp(row.last, steps_, static_cast<int>(width), row.value.data(), row.slots.data());
        elastic_.Apply(steps_ + 1, static_cast<int>(width), gradient.data(), row.value.data(), row.slots.data());
        row.last = steps_ + 1;
      }
    }
    ++steps_;
  }

  AllValues Read(int lane = -1) const {
    AllValues all;
    for (const std::vector<Row>& rows : rows_) {
      std::vector<float>& values = all.emplace_back();
      for (const Row& row : rows) {
        const int width = static_cast<int>(row.value.size());
        std::vector<float> out(row.value.size());
        if (lane < 0) {
          elastic_.Peek(row.last, steps_, width, row.value.data(), row.slots.data(), out.data());
        } else {
          elastic_.PeekLane(static_cast<uint32_t>(lane), row.last, steps_, width, row.value.data(), row.slots.data(),
                            out.data());
        }
        values.insert(values.end(), out.begin(), out.end());
      }
    }
    return all;
  }

 private:
  struct Row {
    std::vector<float> value, slots;
    uint64_t last = 0;
  };
  bool Take(const Gradient& lane, size_t table, size_t id, float* out) const {
    if (tables_[table].kind() == v1::TableSpec::DENSE) {
      std::copy(lane.dense[table].begin(), lane.dense[table].end(), out);
      return !lane.dense[table].empty();
    }
    const RowGradient& rows = lane.rows[table];
    const auto at = std::find(rows.ids.begin(), rows.ids.end(), id);
    if (at == rows.ids.end()) return false;
    const size_t width = tables_[table].columns();
    std::copy_n(rows.values.begin() + (at - rows.ids.begin()) * static_cast<std::ptrdiff_t>(width), width, out);
    return true;
  }

  const std::vector<v1::TableSpec> tables_;
  const ElasticAverage elastic_;
  std::vector<std::vector<Row>> rows_;
  uint64_t steps_ = 0;
};

std::vector<Gradient> RandomLanes(std::mt19937_64& random) {
  std::vector<Gradient> lanes;
  for (uint32_t lane = 0; lane < kLanes; ++lane) lanes.push_back(RandomGradient(random));
  return lanes;
}

TEST_CASE("Lanes on shards are those of one table, in any order, pushed twice, and at the version before") {
  const auto seed = static_cast<uint32_t>(std::random_device()());
  const uint32_t servers = GENERATE(1, 3);
  const bool backups = servers > 1;
  CAPTURE(seed, servers);
  std::mt19937_64 random(seed);
  ShardGroup group(ElasticJob(), servers, seed, 0, backups);
  OneTable one;
  for (uint64_t version = 0; version < 14; ++version) {
    CAPTURE(version);
    const std::vector<Gradient> lanes = RandomLanes(random);
    std::vector<uint32_t> order = {0, 1, 2};
    std::shuffle(order.begin(), order.end(), random);
    std::vector<AllValues> before;
    for (int lane = -1; lane < int{kLanes}; ++lane) {
      before.push_back(PullLane(group, version, lane));
      CHECK(SameBits(before.back(), one.Read(lane)));
    }
    for (const uint32_t lane : order) {
      group.Push(version, {lane, lane + 1}, lanes[lane]);
      group.Push(version, {lane, lane + 1}, lanes[lane], v1::PushResponse::DUPLICATE);
      if (lane == order[1]) CHECK(SameBits(PullLane(group, version, 1), before[2]));
    }
    one.Step(lanes);
    // A lane that has to be computed again where not all slots have the batch begins where it began.
    for (int lane = -1; lane < int{kLanes}; ++lane) {
      CHECK(SameBits(PullLane(group, version, lane), before[static_cast<size_t>(lane + 1)]));
    }
    group.Push(version, {1, 2}, lanes[1], v1::PushResponse::DUPLICATE);
  }
  for (int lane = -1; lane < int{kLanes}; ++lane) CHECK(SameBits(PullLane(group, 14, lane), one.Read(lane)));
}

TEST_CASE("A copy has all that lanes have: whole, or what changed, in the middle of a round") {
  std::mt19937_64 random(7);
  const uint64_t since = GENERATE(0, 2);
  ShardGroup group(ElasticJob(), 1);
  Shard& shard = *group.shards()[0];
  std::vector<std::shared_ptr<Slot>> copies;
  for (uint64_t version = 0; version < 6; ++version) {
    const std::vector<Gradient> lanes = RandomLanes(random);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      if (version < 5 || lane != 1) group.Push(version, {lane, lane + 1}, lanes[lane]);
    }
    if (version + 1 != since) continue;
    for (uint32_t slot = 0; slot < ShardGroup::kSlots; ++slot) {
      copies.push_back(shard.NewSlot(slot));
      REQUIRE(copies.back()->TakeState(shard.slot(slot)->ToState(0, {})).ok());
    }
  }
  for (uint32_t number = 0; number < ShardGroup::kSlots; ++number) {
    const auto copy = since == 0 ? shard.NewSlot(number) : copies[number];
    const Slot& slot = *shard.slot(number);
    REQUIRE(copy->TakeState(slot.ToState(since, {})).ok());
    CHECK(copy->version() == 5);
    CHECK(copy->has_before());
    CHECK_FALSE(copy->complete());
    CHECK(copy->Covers(5, {0, 1}) == PartTree::Coverage::kWhole);
    CHECK(copy->Covers(5, {1, 2}) == PartTree::Coverage::kNone);
    CHECK(copy->Covers(5, {2, 3}) == PartTree::Coverage::kWhole);
    CHECK(copy->Missing() == slot.Missing());
    CHECK(copy->ToState(0, {}).SerializeAsString() == slot.ToState(0, {}).SerializeAsString());
  }
}

Shard::Options LimitedTo(uint64_t limit, std::vector<v1::TableSpec> tables) {
  Shard::Options options;
  options.job = ElasticJob();
  options.tables = std::move(tables);
  options.layout.add_servers()->set_incarnation(5);
  for (int slot = 0; slot < 4; ++slot) options.layout.add_slot_owner(0);
  options.incarnation = 5;
  options.memory_limit = limit;
  return options;
}

TEST_CASE("Tensors that do not fit with all that lanes have of them are refused before they are made") {
  // Value and slots, and of a round what it replaces and each lane's gradient; the copy for pulls.
  const uint64_t least = 26005 * (2 * (1 + kLanes) + kLanes + 1) * sizeof(float);
  const std::vector<v1::TableSpec> tensors = {SmallTables()[1], SmallTables()[2]};
  CHECK(Shard::Create(LimitedTo(least, tensors)).ok());
  CHECK(ReasonOf(Shard::Create(LimitedTo(least - 1, tensors)).status()) == v1::ErrorDetail::OVER_LIMIT);
}

TEST_CASE("A memory limit holds, with what a round of rows replaces") {
  int refused = 0, done = 0;
  for (uint64_t limit = 1000; limit < 100000; limit += 250) {
    CAPTURE(limit);
    const Shard::Options options = LimitedTo(limit, {SmallTables()[0]});
    auto shard = Shard::Create(options);
    if (!shard.ok()) continue;
    std::mt19937_64 random(3);
    bool fits = true;
    for (uint64_t version = 0; fits && version < 8; ++version) {
      std::vector<Gradient> lanes = RandomLanes(random);
      for (uint32_t lane = 0; fits && lane < kLanes; ++lane) {
        for (std::vector<float>& dense : lanes[lane].dense) dense.clear();
        v1::PushResponse response;
        const absl::Status status =
            PushPlain(**shard, PushFor(options.layout, 0, version, {lane, lane + 1}, lanes[lane]), &response);
        fits = status.ok();
        CHECK((fits || ReasonOf(status) == v1::ErrorDetail::OVER_LIMIT));
        if (fits) CHECK((*shard)->bytes() <= limit);
      }
    }
    ++(fits ? done : refused);
  }
  CHECK(refused > 0);
  CHECK(done > 0);
}

TEST_CASE("What lanes can't have is refused") {
  ShardGroup group(ElasticJob(), 1);
  Shard& shard = *group.shards()[0];
  std::mt19937_64 random(1);
  const auto refused = [](const absl::Status& status) {
    const auto detail = DetailOf(status);
    return detail.has_value() && detail->reason() == v1::ErrorDetail::MALFORMED;
  };
  v1::PushResponse pushed;
  CHECK(refused(PushPlain(shard, group.PushFor(0, 0, {0, 2}, RandomGradient(random)), &pushed)));
  v1::PullRequest pull = group.PullFor(0, 0);
  v1::PullResponse pulled;
  pull.set_lane(kLanes);
  CHECK(refused(PullPlain(shard, pull, &pulled)));
  ShardGroup plain(AdamJob(kLanes), 1);
  pull = plain.PullFor(0, 0);
  pull.set_lane(0);
  CHECK(refused(PullPlain(*plain.shards()[0], pull, &pulled)));
  v1::SlotState state = shard.slot(0)->ToState(0, {});
  auto* node = state.add_nodes();
  node->set_first_part(0);
  node->set_end_part(2);
  CHECK(absl::IsInvalidArgument(shard.NewSlot(0)->TakeState(state)));
}

}  // namespace
}  // namespace pumasi
