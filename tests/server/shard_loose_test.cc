// Shards of jobs whose parameters may lack updates: consistency bounded, and async.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>
#include <tuple>
#include <vector>

#include "common/consistency.h"
#include "common/error_detail.h"
#include "ops/initializer.h"
#include "ops/optimizer.h"
#include "tests/server/plain_messages.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;
constexpr uint32_t kParts = 4;

v1::Job Bounded(uint32_t staleness, uint64_t every_batches = 0) {
  v1::Job job = AdamJob(kParts);
  job.mutable_consistency()->mutable_bounded()->set_staleness(staleness);
  job.mutable_checkpoint()->set_every_batches(every_batches);
  return job;
}

v1::Job Async(uint64_t every_batches = 0) {
  v1::Job job = AdamJob(kParts);
  job.mutable_consistency()->mutable_async();
  job.mutable_checkpoint()->set_every_batches(every_batches);
  return job;
}

struct Piece {
  uint64_t version;
  PartRange range;
  Gradient gradient;
};

// Of `batches` batches, in an order in which no piece comes before one that is `ahead` batches or more behind it; some
// come twice.
std::vector<Piece> Shuffled(const std::vector<Piece>& pieces, uint64_t ahead, std::mt19937_64& random) {
  std::vector<Piece> left = pieces, out;
  while (!left.empty()) {
    const uint64_t first = std::min_element(left.begin(), left.end(), [](const Piece& a, const Piece& b) {
                             return a.version < b.version;
                           })->version;
    const size_t at = random() % left.size();
    if (left[at].version >= first + ahead) continue;
    out.push_back(left[at]);
    left.erase(left.begin() + static_cast<ptrdiff_t>(at));
  }
  return out;
}

absl::Status Pull(const ShardGroup& group, const Shard& shard, uint64_t version, uint32_t staleness,
                  AllValues* all = nullptr) {
  v1::PullRequest request = group.PullFor(0, version);
  request.set_staleness(staleness);
  v1::PullResponse response;
  if (absl::Status status = PullPlain(shard, request, &response); !status.ok()) return status;
  if (all != nullptr) {
    *all = NoValues();
    TakeAnswer(group.layout(), 0, response, all);
  }
  return absl::OkStatus();
}

TEST_CASE("Batches that are open together are applied in order, and come to what they come to one by one") {
  for (const uint32_t staleness : {1u, 3u}) {
    const auto seed = Catch::rngSeed() + staleness;
    CAPTURE(seed, staleness);
    std::mt19937_64 random(seed);
    ShardGroup loose(Bounded(staleness), 3, seed), in_order(AdamJob(kParts), 1);
    std::vector<AllValues> at = {in_order.PullAll(0)};
    std::vector<Piece> pieces;
    constexpr uint64_t kBatches = 9;
    for (uint64_t version = 0; version < kBatches; ++version) {
      std::vector<Gradient> parts;
      for (uint32_t part = 0; part < kParts; ++part) parts.push_back(RandomGradient(random));
      for (uint32_t part = 0; part < kParts; ++part) in_order.Push(version, {part, part + 1}, parts[part]);
      for (const PartRange node : RandomNodes(kParts, random)) pieces.push_back({version, node, SumOf(parts, node)});
      at.push_back(in_order.PullAll(version + 1));
    }
    for (const Piece& piece : Shuffled(pieces, staleness + 1, random)) {
      loose.Push(piece.version, piece.range, piece.gradient);
      if (random() % 3 == 0) loose.Push(piece.version, piece.range, piece.gradient, v1::PushResponse::DUPLICATE);
      for (uint32_t server = 0; server < 3; ++server) {
        const Shard& shard = *loose.shards()[server];
        const uint64_t least = shard.LeastVersion().value_or(0);
        if (!loose.HoldsAny(server)) continue;
        // The latest values, for all that may lack no more than is missing.
        for (uint64_t wanted = least + 1; wanted <= least + staleness + 1; ++wanted) {
          v1::PullRequest request = loose.PullFor(server, wanted);
          request.set_staleness(staleness);
          v1::PullResponse response;
          const absl::Status status = PullPlain(shard, request, &response);
          REQUIRE(status.ok() == (wanted <= least + staleness));
          if (!status.ok()) {
            REQUIRE(ReasonOf(status) == D::NOT_READY);
            continue;
          }
          REQUIRE(response.version() == least);
          AllValues got = NoValues();
          TakeAnswer(loose.layout(), server, response, &got);
          for (size_t table = 0; table < got.size(); ++table) {
            for (size_t i = 0; i < got[table].size(); ++i) {
              if (got[table][i] == got[table][i]) REQUIRE(got[table][i] == at[least][table][i]);
            }
          }
        }
      }
    }
    CHECK(SameBits(loose.PullAll(kBatches), at[kBatches]));
  }
}

TEST_CASE("What is further ahead than may be missing waits; what everybody has is too late") {
  ShardGroup group(Bounded(2), 1);
  std::mt19937_64 random(5);
  const Gradient gradient = RandomGradient(random);
  v1::PushResponse response;
  CHECK(ReasonOf(PushPlain(*group.shards()[0], group.PushFor(0, 3, {0, 1}, gradient), &response)) == D::NOT_READY);
  for (uint64_t version = 0; version < 5; ++version) group.Push(version, {0, kParts}, gradient);
  const Shard& shard = *group.shards()[0];
  REQUIRE(shard.LeastVersion() == 5);
  CHECK(Pull(group, shard, 2, 2).ok());
  // A part of batch 4 was computed once every slot had batch 1.
  CHECK(ReasonOf(Pull(group, shard, 1, 2)) == D::TOO_LATE);
  // An evaluation reads one version, whatever training may do without.
  CHECK(Pull(group, shard, 5, 0).ok());
  CHECK(Pull(group, shard, 4, 0).ok());
  CHECK(ReasonOf(Pull(group, shard, 3, 0)) == D::TOO_LATE);
  CHECK(ReasonOf(Pull(group, shard, 6, 0)) == D::NOT_READY);
}

TEST_CASE("No slot passes the version of a checkpoint before all of the server have come to it") {
  ShardGroup group(Bounded(3, 2), 1);
  Shard& shard = *group.shards()[0];
  std::mt19937_64 random(5);
  const Gradient gradient = RandomGradient(random);
  for (uint64_t version = 3; version > 0; --version) group.Push(version, {0, kParts}, gradient);
  CHECK(shard.LeastVersion() == 0);
  group.Push(0, {0, kParts}, gradient);
  CHECK(!shard.PrimariesAt(2).empty());
  CHECK(Pull(group, shard, 5, 3).ok());
  CHECK(shard.PassCut());
  CHECK(!shard.PrimariesAt(4).empty());
  CHECK_FALSE(shard.PassCut());
  group.Push(4, {0, kParts}, gradient);
  CHECK(!shard.PrimariesAt(5).empty());
}

TEST_CASE("With a memory limit gradients of later batches wait where they are") {
  ShardGroup group(Bounded(3), 1);
  Shard::Options options = group.options();
  options.incarnation = 100;
  options.memory_limit = 100 << 20;
  auto shard = *Shard::Create(options);
  std::mt19937_64 random(5);
  const Gradient gradient = RandomGradient(random);
  v1::PushResponse response;
  CHECK(ReasonOf(PushPlain(*shard, group.PushFor(0, 1, {0, 1}, gradient), &response)) == D::NOT_READY);
  CHECK(PushPlain(*shard, group.PushFor(0, 0, {0, 1}, gradient), &response).ok());
}

// Plain loops over the optimizer: each part is a step.
class StepByStep {
 public:
  explicit StepByStep(const v1::Job& job) : optimizer_(*MakeOptimizer(job.optimizer())) {
    for (const v1::TableSpec& spec : SmallTables()) {
      std::vector<float> initial(spec.rows() * spec.columns());
      InitialTensor(spec, initial.data());
      const bool rows = spec.kind() == v1::TableSpec::ROWS;
      const size_t width = rows ? spec.columns() : initial.size();
      tables_.emplace_back();
      for (size_t first = 0; first < initial.size(); first += width) {
        State state{
            0,
            {initial.begin() + static_cast<ptrdiff_t>(first), initial.begin() + static_cast<ptrdiff_t>(first + width)}};
        state.floats.resize(width * (1 + optimizer_->slots()));
        optimizer_->InitSlots(static_cast<int>(width), state.floats.data() + width);
        tables_.back().push_back(std::move(state));
      }
    }
  }
  void Take(const Gradient& gradient) {
    ++steps_;
    for (size_t table = 0; table < tables_.size(); ++table) {
      if (SmallTables()[table].kind() != v1::TableSpec::ROWS) {
        State& state = tables_[table][0];
        std::vector<float> dense = gradient.dense[table];
        dense.resize(Width(state));
        Step(state, dense.data());
        continue;
      }
      const RowGradient& rows = gradient.rows[table];
      for (size_t i = 0; i < rows.ids.size(); ++i) {
        State& state = tables_[table][rows.ids[i]];
        Step(state, rows.values.data() + i * Width(state));
      }
    }
  }
  AllValues Values() const {
    AllValues all;
    for (const auto& states : tables_) {
      all.emplace_back();
      for (const State& state : states) {
        std::vector<float> value(Width(state));
        optimizer_->Peek(state.last, steps_, static_cast<int>(value.size()), state.floats.data(),
                         state.floats.data() + value.size(), value.data());
        all.back().insert(all.back().end(), value.begin(), value.end());
      }
    }
    return all;
  }

 private:
  struct State {
    uint64_t last;
    std::vector<float> floats;
  };
  size_t Width(const State& state) const { return state.floats.size() / (1 + optimizer_->slots()); }
  void Step(State& state, const float* gradient) {
    const size_t width = Width(state);
    float* value = state.floats.data();
    optimizer_->CatchUp(state.last, steps_ - 1, static_cast<int>(width), value, value + width);
    optimizer_->Apply(steps_, static_cast<int>(width), gradient, value, value + width);
    state.last = steps_;
  }
  const std::unique_ptr<Optimizer> optimizer_;
  std::vector<std::vector<State>> tables_;
  uint64_t steps_ = 0;
};

std::vector<Piece> RandomParts(uint64_t batches, std::mt19937_64& random) {
  std::vector<Piece> pieces;
  for (uint64_t version = 0; version < batches; ++version) {
    for (uint32_t part = 0; part < kParts; ++part) {
      pieces.push_back({version, {part, part + 1}, RandomGradient(random)});
    }
  }
  return pieces;
}

TEST_CASE("Async: each part is a step of its own in the order in which parts come, and counts once") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  ShardGroup group(Async(), 1);
  Shard& shard = *group.shards()[0];
  StepByStep plain(Async());
  constexpr uint64_t kBatches = 8;
  std::map<uint64_t, uint32_t> done;
  uint64_t complete = 0;
  for (const Piece& piece : Shuffled(RandomParts(kBatches, random), kAsyncBatchesAhead, random)) {
    group.Push(piece.version, piece.range, piece.gradient);
    plain.Take(piece.gradient);
    if (random() % 3 == 0) group.Push(piece.version, piece.range, piece.gradient, v1::PushResponse::DUPLICATE);
    ++done[piece.version];
    while (done[complete] == kParts) ++complete;
    REQUIRE(shard.LeastVersion() == complete);
    AllValues values;
    REQUIRE(Pull(group, shard, complete + random() % 5, kAsyncBatchesAhead, &values).ok());
    REQUIRE(SameBits(values, plain.Values()));
  }
  REQUIRE(complete == kBatches);
  CHECK(SameBits(group.PullAll(kBatches), plain.Values()));
}

TEST_CASE("Async: what is pushed and pulled has bounds") {
  ShardGroup group(Async(), 1);
  Shard& shard = *group.shards()[0];
  std::mt19937_64 random(5);
  const Gradient gradient = RandomGradient(random);
  v1::PushResponse response;
  const auto push = [&](uint64_t version, PartRange range) {
    return ReasonOf(PushPlain(shard, group.PushFor(0, version, range, gradient), &response));
  };
  CHECK(push(0, {0, 2}) == D::MALFORMED);
  CHECK(push(kAsyncBatchesAhead + 1, {0, 1}) == D::NOT_READY);
  CHECK(push(kAsyncBatchesAhead, {0, 1}) == D::REASON_UNSPECIFIED);
  CHECK(ReasonOf(Pull(group, shard, kAsyncBatchesAhead + 1, kAsyncBatchesAhead)) == D::NOT_READY);
  CHECK(Pull(group, shard, kAsyncBatchesAhead, kAsyncBatchesAhead).ok());
  // Part of a later batch is in the values.
  CHECK(ReasonOf(Pull(group, shard, 0, 0)) == D::TOO_LATE);
}

TEST_CASE("Async: parts of later batches wait for the cut of a checkpoint, and count after it") {
  ShardGroup group(Async(1), 1);
  Shard& shard = *group.shards()[0];
  std::mt19937_64 random(5);
  StepByStep plain(Async());
  std::vector<Piece> pieces = RandomParts(2, random);
  const auto push = [&](size_t number, v1::PushResponse::Outcome outcome = v1::PushResponse::ACCEPTED) {
    group.Push(pieces[number].version, pieces[number].range, pieces[number].gradient, outcome);
  };
  for (const size_t number : {6, 0, 5, 1, 2}) push(number);
  push(5, v1::PushResponse::DUPLICATE);
  push(3);
  for (const size_t number : {0, 1, 2, 3}) plain.Take(pieces[number].gradient);
  CHECK(!shard.PrimariesAt(1).empty());
  CHECK(SameBits(group.PullAll(1), plain.Values()));
  CHECK(shard.PassCut());
  for (const size_t number : {5, 6}) plain.Take(pieces[number].gradient);
  push(6, v1::PushResponse::DUPLICATE);
  for (const size_t number : {7, 4}) {
    push(number);
    plain.Take(pieces[number].gradient);
  }
  CHECK(SameBits(group.PullAll(2), plain.Values()));
}

TEST_CASE("A copy of a slot goes on where the slot is: with what waits, and what was applied of open batches") {
  for (const bool async : {false, true}) {
    const auto seed = Catch::rngSeed() + async;
    CAPTURE(seed, async);
    std::mt19937_64 random(seed);
    const v1::Job job = async ? Async(2) : Bounded(3, 2);
    ShardGroup from(job, 1), to(job, 1);
    const std::vector<Piece> pieces = Shuffled(RandomParts(4, random), 3, random);
    const size_t half = random() % pieces.size();
    const auto push = [&](ShardGroup& group, const Piece& piece) {
      group.Push(piece.version, piece.range, piece.gradient);
      while (group.shards()[0]->PassCut()) {
      }
    };
    for (size_t i = 0; i < half; ++i) push(from, pieces[i]);
    Shard::Options options = to.options();
    options.incarnation = 100;
    options.empty = true;
    auto copy = *Shard::Create(options);
    for (uint32_t slot = 0; slot < ShardGroup::kSlots; ++slot) {
      const v1::SlotState state = from.shards()[0]->slot(slot)->ToState(0, {});
      auto aside = copy->NewSlot(slot);
      REQUIRE(aside->TakeState(state).ok());
      CHECK(aside->ToState(0, {}).SerializeAsString() == state.SerializeAsString());
      REQUIRE(copy->TakeSlot(std::move(aside), {}).ok());
    }
    copy->PassCut();
    to.shards()[0] = std::move(copy);
    for (size_t i = half; i < pieces.size(); ++i) {
      push(from, pieces[i]);
      push(to, pieces[i]);
    }
    CHECK(SameBits(from.PullAll(4), to.PullAll(4)));
  }
}

TEST_CASE("A state with parts that are none, or there twice, is refused") {
  ShardGroup group(Async(), 1);
  std::mt19937_64 random(5);
  group.Push(1, {2, 3}, RandomGradient(random));
  const v1::SlotState good = group.shards()[0]->slot(0)->ToState(0, {});
  REQUIRE(good.applied_size() == 1);
  const auto refused = [&](auto change) {
    v1::SlotState state = good;
    change(state.mutable_applied(0));
    return !group.shards()[0]->NewSlot(0)->TakeState(state).ok();
  };
  CHECK_FALSE(refused([](auto*) {}));
  CHECK(refused([](auto* applied) { applied->add_parts(2); }));
  CHECK(refused([](auto* applied) { applied->set_parts(0, kParts); }));
  CHECK(refused([](auto* applied) { applied->set_ahead(1000); }));
}

}  // namespace
}  // namespace pumasi
