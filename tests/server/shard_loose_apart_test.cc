// Shards of jobs whose rows may lack updates while their dense tensors, which lie apart, stay in step (mode: hybrid
// with consistency bounded, or async).
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/consistency.h"
#include "common/error_detail.h"
#include "tests/server/plain_messages.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;
constexpr uint32_t kParts = 4, kSlots = ShardGroup::kSlots, kStaleness = 3;

v1::Job Loose(bool async, v1::Mode mode, uint64_t every_batches = 0) {
  v1::Job job = AdamJob(kParts);
  job.set_mode(mode);
  job.mutable_checkpoint()->set_every_batches(every_batches);
  if (async) {
    job.mutable_consistency()->mutable_async();
  } else {
    job.mutable_consistency()->mutable_bounded()->set_staleness(kStaleness);
  }
  return job;
}

// A server with all rows, and a worker with all tensors.
struct Halves {
  ShardGroup one;  // for its messages
  Shard::Options options;
  std::unique_ptr<Shard> rows, dense;

  explicit Halves(const v1::Job& job) : one(AdamJob(kParts), 1) {
    options = one.options();
    options.job = job;
    v1::Layout& layout = options.layout;
    layout.clear_slot_owner();
    layout.add_servers()->set_incarnation(101);
    layout.set_dense_from(kSlots);
    for (uint32_t slot = 0; slot < 2 * kSlots; ++slot) layout.add_slot_owner(slot < kSlots ? 0 : 1);
    rows = Make(100);
    dense = Make(101);
  }
  std::unique_ptr<Shard> Make(uint64_t incarnation, bool empty = false) {
    options.incarnation = incarnation;
    options.empty = empty;
    auto made = Shard::Create(options);
    INFO(made.status().ToString());
    REQUIRE(made.ok());
    return *std::move(made);
  }
  v1::PushRequest PushOfRows(uint64_t version, PartRange range, const Gradient& gradient) const {
    v1::PushRequest push = one.PushFor(0, version, range, gradient);
    push.clear_dense();
    return push;
  }
  v1::PushRequest PushOfDense(uint64_t version, PartRange range, const Gradient& gradient) const {
    v1::PushRequest push = one.PushFor(0, version, range, gradient);
    push.clear_keys();
    push.clear_values();
    return push;
  }
  absl::Status Pull(bool of_rows, uint64_t version, uint32_t staleness, v1::PullResponse* response) const {
    v1::PullRequest request = one.PullFor(0, version);
    request.set_staleness(staleness);
    if (of_rows) request.set_dense(false);
    if (!of_rows) request.clear_rows();
    return PullPlain(of_rows ? *rows : *dense, request, response);
  }
  // Of a half, which has to answer; what is not its own is NaN.
  AllValues Values(bool of_rows, uint64_t version, uint32_t staleness) const {
    v1::PullResponse response;
    REQUIRE(Pull(of_rows, version, staleness, &response).ok());
    AllValues all = NoValues();
    if (of_rows) {
      TakeAnswer(one.layout(), 0, response, &all);
    } else {
      for (const v1::DenseChunk& chunk : response.dense()) {
        std::memcpy(all[chunk.table()].data() + chunk.chunk() * kChunkFloats, chunk.values().data(),
                    chunk.values().size());
      }
    }
    return all;
  }
};

bool SameRows(const AllValues& a, const AllValues& b) { return SameBits({a[0]}, {b[0]}); }
bool SameDense(const AllValues& a, const AllValues& b) { return SameBits({a[1], a[2]}, {b[1], b[2]}); }

v1::PushResponse::Outcome Push(Shard& shard, const v1::PushRequest& push) {
  v1::PushResponse response;
  const absl::Status status = PushPlain(shard, push, &response);
  INFO(status.ToString());
  REQUIRE(status.ok());
  return response.outcome();
}

struct Piece {
  uint64_t version;
  PartRange range;
  Gradient gradient;
};

// By version; parts of a batch in any order.
std::vector<Piece> RandomParts(uint64_t batches, std::mt19937_64& random) {
  std::vector<Piece> pieces;
  for (uint64_t version = 0; version < batches; ++version) {
    for (uint32_t part = 0; part < kParts; ++part) {
      pieces.push_back({version, {part, part + 1}, RandomGradient(random)});
    }
    std::shuffle(pieces.end() - kParts, pieces.end(), random);
  }
  return pieces;
}

TEST_CASE("Rows are answered with what there is of them, dense tensors once they are at the batch") {
  for (const bool async : {false, true}) {
    CAPTURE(async);
    Halves halves(Loose(async, v1::MODE_HYBRID));
    const uint32_t staleness = async ? kAsyncBatchesAhead : kStaleness;
    std::mt19937_64 random(5);
    const std::vector<Piece> pieces = RandomParts(staleness + 2, random);
    ShardGroup sync(AdamJob(kParts), 1);
    std::vector<AllValues> at = {sync.PullAll(0)};
    v1::PullResponse response;
    for (uint64_t version = 0; version < staleness + 2; ++version) {
      CAPTURE(version);
      CHECK(halves.Pull(false, version, staleness, &response).ok());
      CHECK(ReasonOf(halves.Pull(false, version + 1, staleness, &response)) == D::NOT_READY);
      CHECK(halves.Pull(true, version, staleness, &response).ok() == (version <= staleness));
      for (uint32_t i = 0; i < kParts; ++i) {
        const Piece& piece = pieces[version * kParts + i];
        sync.Push(version, piece.range, piece.gradient);
        CHECK(Push(*halves.dense, halves.PushOfDense(version, piece.range, piece.gradient)) ==
              v1::PushResponse::ACCEPTED);
      }
      at.push_back(sync.PullAll(version + 1));
      // As in sync, the values of a batch are there until the next but one was applied. After that its parts are only
      // computed for rows that lack them, with what there is.
      CHECK(SameDense(halves.Values(false, version + 1, staleness), at[version + 1]));
      CHECK(SameDense(halves.Values(false, version, staleness), at[version]));
      CHECK(SameDense(halves.Values(false, version, 0), at[version]));
      if (version > 0) {
        CHECK(ReasonOf(halves.Pull(false, version - 1, 0, &response)) == D::TOO_LATE);
        CHECK(SameDense(halves.Values(false, version - 1, staleness), at[version + 1]));
      }
      // No part of a later batch is computed while rows lack batch 0.
      CHECK(ReasonOf(halves.Pull(false, 0, staleness, &response)) ==
            (version > staleness ? D::TOO_LATE : D::REASON_UNSPECIFIED));
    }
    // For rows the parts still count, one after the other or batch by batch.
    for (const Piece& piece : pieces) {
      if (piece.version > staleness) continue;
      CHECK(Push(*halves.rows, halves.PushOfRows(piece.version, piece.range, piece.gradient)) ==
            v1::PushResponse::ACCEPTED);
      CHECK(Push(*halves.dense, halves.PushOfDense(piece.version, piece.range, piece.gradient)) ==
            v1::PushResponse::DUPLICATE);
    }
    CHECK(SameDense(halves.Values(false, staleness + 2, staleness), at[staleness + 2]));
    if (!async) CHECK(SameRows(halves.Values(true, staleness + 1, staleness), at[staleness + 1]));
  }
}

TEST_CASE("Async: of rows each part is a step, of dense tensors each batch; a checkpoint is of both at one batch") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  constexpr uint64_t kBatches = 6, kEvery = 2;
  Halves halves(Loose(/*async=*/true, v1::MODE_HYBRID, kEvery));
  ShardGroup sync(AdamJob(kParts), 1), async(Loose(/*async=*/true, v1::MODE_PS, kEvery), 1);
  std::vector<Piece> pieces = RandomParts(kBatches, random);
  for (const Piece& piece : pieces) {
    sync.Push(piece.version, piece.range, piece.gradient);
    CHECK(Push(*halves.dense, halves.PushOfDense(piece.version, piece.range, piece.gradient)) ==
          v1::PushResponse::ACCEPTED);
    if (halves.dense->LeastVersion() == piece.version) continue;
    CHECK(SameDense(halves.Values(false, piece.version + 1, kAsyncBatchesAhead), sync.PullAll(piece.version + 1)));
    if ((piece.version + 1) % kEvery == 0) {
      const auto cut = halves.dense->PrimariesAt(piece.version + 1);
      REQUIRE(cut.size() == kSlots);
      CHECK(cut[0]->steps() == piece.version + 1);
      CHECK_FALSE(halves.dense->PassCut());  // nothing can wait for the cut
    }
  }
  std::shuffle(pieces.begin(), pieces.end(), random);
  for (const Piece& piece : pieces) {
    async.Push(piece.version, piece.range, piece.gradient);
    CHECK(Push(*halves.rows, halves.PushOfRows(piece.version, piece.range, piece.gradient)) ==
          v1::PushResponse::ACCEPTED);
    do {
      const uint64_t version = *halves.rows->LeastVersion();
      REQUIRE(version == *async.shards()[0]->LeastVersion());
      if (version > 0 && version % kEvery == 0 && !halves.rows->PrimariesAt(version).empty()) {
        CHECK(halves.rows->PrimariesAt(version)[0]->steps() == version * kParts);
      }
      AllValues rows = halves.Values(true, version, kAsyncBatchesAhead);
      v1::PullRequest request = async.PullFor(0, version);
      request.set_staleness(kAsyncBatchesAhead);
      v1::PullResponse response;
      REQUIRE(PullPlain(*async.shards()[0], request, &response).ok());
      AllValues all = NoValues();
      TakeAnswer(async.layout(), 0, response, &all);
      REQUIRE(SameRows(rows, all));
      const bool passed = halves.rows->PassCut();
      REQUIRE(passed == async.shards()[0]->PassCut());
      if (!passed) break;
    } while (true);
  }
  CHECK(halves.rows->LeastVersion() == kBatches);
}

TEST_CASE("A dense slot moves as in sync, whatever rows do meanwhile") {
  std::mt19937_64 random(5);
  Halves halves(Loose(/*async=*/true, v1::MODE_HYBRID));
  const std::vector<Piece> pieces = RandomParts(3, random);
  const size_t half = kParts + 2;
  for (size_t i = 0; i < half; ++i) {
    Push(*halves.dense, halves.PushOfDense(pieces[i].version, pieces[i].range, pieces[i].gradient));
  }
  auto copy = halves.Make(101, /*empty=*/true);
  for (uint32_t slot = kSlots; slot < 2 * kSlots; ++slot) {
    const v1::SlotState state = halves.dense->slot(slot)->ToState(0, {});
    CHECK(state.applied().empty());
    auto aside = copy->NewSlot(slot);
    REQUIRE(aside->TakeState(state).ok());
    CHECK(aside->ToState(0, {}).SerializeAsString() == state.SerializeAsString());
    v1::SlotState wrong = state;
    wrong.add_applied()->add_parts(0);
    CHECK_FALSE(copy->NewSlot(slot)->TakeState(wrong).ok());
    REQUIRE(copy->TakeSlot(std::move(aside), {}).ok());
  }
  for (size_t i = half; i < pieces.size(); ++i) {
    for (Shard* shard : {halves.dense.get(), copy.get()}) {
      Push(*shard, halves.PushOfDense(pieces[i].version, pieces[i].range, pieces[i].gradient));
    }
  }
  const AllValues moved = halves.Values(false, 3, 0);
  halves.dense = std::move(copy);
  CHECK(SameDense(halves.Values(false, 3, 0), moved));
}

}  // namespace
}  // namespace pumasi
