#include "worker/collective/tree_reduction.h"

#include <catch2/catch.hpp>
#include <functional>
#include <variant>

#include "tests/collective/chunked_work.h"

namespace pumasi {
namespace {

using Kind = CollectiveMessage::Kind;

// Three workers; four parts: the first computes two of them. Three chunks, one owned by each.
Group Three() {
  Group group;
  group.epoch = 7;
  group.members = {"worker-0", "worker-1", "worker-2"};
  group.parts = 4;
  group.owners = {0, 1, 2};
  group.shares = {{0, 2}, {2, 3}, {3, 4}};
  return group;
}

constexpr uint64_t kVersion = 12;

struct Effects {
  std::vector<SendToMember> sent;
  std::vector<TakeSum> sums;
};

Effects Take(TreeReduction& reduction) {
  Effects effects;
  for (CollectiveEffect& effect : reduction.TakeEffects()) {
    if (auto* send = std::get_if<SendToMember>(&effect)) effects.sent.push_back(std::move(*send));
    if (auto* sum = std::get_if<TakeSum>(&effect)) effects.sums.push_back(std::move(*sum));
  }
  return effects;
}

CollectiveMessage Node(const ChunkedWork& work, PartRange node, uint32_t chunk) {
  CollectiveMessage message;
  message.kind = Kind::kNode;
  message.version = kVersion;
  message.chunk = chunk;
  message.node = node;
  message.gradient = std::make_shared<const Gradient>(work.Sum(kVersion, node, chunk));
  return message;
}

CollectiveMessage SumOf(const ChunkedWork& work, uint32_t chunk) {
  CollectiveMessage message = Node(work, {0, work.parts}, chunk);
  message.kind = Kind::kSum;
  return message;
}

CollectiveMessage Have() {
  CollectiveMessage message;
  message.kind = Kind::kHave;
  message.version = kVersion;
  return message;
}

TEST_CASE("A batch from the view of one of three members") {
  const ChunkedWork work(1, 4, 3);
  TreeReduction reduction(work.Shape(Three(), 0), kVersion);
  CHECK(reduction.missing().text == "parts 0-1 of worker-0, part 2 of worker-1, part 3 of worker-2");

  REQUIRE(reduction.Give({0, 2}, work.ByChunk(kVersion, {0, 2})).ok());
  Effects effects = Take(reduction);
  REQUIRE(effects.sent.size() == 2);
  for (uint32_t i = 0; i < 2; ++i) {
    CHECK(effects.sent[i].to == i + 1);
    CHECK(effects.sent[i].message.kind == Kind::kNode);
    CHECK(effects.sent[i].message.epoch == 7);
    CHECK(effects.sent[i].message.version == kVersion);
    CHECK(effects.sent[i].message.chunk == i + 1);
    CHECK(effects.sent[i].message.node == PartRange{0, 2});
  }
  CHECK(effects.sums.empty());

  REQUIRE(reduction.Arrived(2, Node(work, {3, 4}, 0)).ok());
  CHECK(reduction.missing().text == "part 2 of worker-1");
  CHECK(reduction.missing().members == std::set<uint32_t>{1});
  REQUIRE(reduction.Arrived(1, Node(work, {2, 3}, 0)).ok());
  effects = Take(reduction);
  REQUIRE(effects.sums.size() == 1);
  CHECK(effects.sums[0].chunk == 0);
  CHECK(SameBits(*effects.sums[0].sum, work.Sum(kVersion, 0)));
  REQUIRE(effects.sent.size() == 2);
  CHECK(effects.sent[0].message.kind == Kind::kSum);
  CHECK(effects.sent[0].message.gradient == effects.sent[1].message.gradient);

  CHECK(reduction.missing().text == "1 sum of worker-1, 1 sum of worker-2");
  REQUIRE(reduction.Arrived(2, SumOf(work, 2)).ok());
  REQUIRE(reduction.Arrived(1, Have()).ok());
  REQUIRE(reduction.Arrived(1, SumOf(work, 1)).ok());
  CHECK(Take(reduction).sums.size() == 2);
  CHECK(reduction.summed());
  reduction.Applied();
  effects = Take(reduction);
  CHECK(effects.sent.size() == 2);
  CHECK(effects.sent[0].message.kind == Kind::kHave);
  CHECK_FALSE(reduction.complete());
  CHECK(reduction.missing().text == "worker-2 to apply the sums");
  REQUIRE(reduction.Arrived(2, Have()).ok());
  CHECK(reduction.complete());
}

TEST_CASE("What comes again, or is known as part of more, changes nothing; more takes the place of less") {
  const ChunkedWork work(2, 4, 3);
  TreeReduction reduction(work.Shape(Three(), 0), kVersion);
  // Somebody else has computed part 0, and then both of them.
  REQUIRE(reduction.Arrived(1, Node(work, {0, 1}, 0)).ok());
  REQUIRE(reduction.Arrived(2, Node(work, {0, 2}, 0)).ok());
  const uint64_t moves = reduction.moves();
  REQUIRE(reduction.Arrived(2, Node(work, {0, 2}, 0)).ok());
  REQUIRE(reduction.Arrived(2, Node(work, {1, 2}, 0)).ok());
  CHECK(reduction.moves() == moves);
  REQUIRE(reduction.Arrived(1, Node(work, {2, 4}, 0)).ok());
  const Effects effects = Take(reduction);
  REQUIRE(effects.sums.size() == 1);
  CHECK(SameBits(*effects.sums[0].sum, work.Sum(kVersion, 0)));
  REQUIRE(reduction.Arrived(1, Node(work, {2, 4}, 0)).ok());
  REQUIRE(reduction.Give({0, 2}, work.ByChunk(kVersion, {0, 2})).ok());
  CHECK(Take(reduction).sums.empty());
}

TEST_CASE("Without fixed shares nobody in particular lacks") {
  const ChunkedWork work(3, 4, 3);
  Group group = Three();
  group.shares.clear();
  TreeReduction reduction(work.Shape(group, 1), kVersion);
  REQUIRE(reduction.Arrived(0, Node(work, {0, 2}, 1)).ok());
  CHECK(reduction.missing().text == "parts 2-3 of chunk 1");
  CHECK(reduction.missing().members.empty());
}

TEST_CASE("Sums are rounded as the job wants its nodes") {
  const ChunkedWork work(4, 4, 1);
  Group group;
  group.members = {"worker-0"};
  group.parts = 4;
  group.owners = {0};
  const std::vector<DensePiece> pieces(work.chunks[0].dense.size(), DensePiece{1, 3});
  const BatchRounding rounding(Precision::kBf16, 5, kVersion, &pieces);
  PartTree tree(4, {ChunkedWork::kWidth});
  TreeReduction reduction(work.Shape(group, 0), kVersion, {rounding});
  for (uint32_t part = 0; part < 4; ++part) {
    Gradient gradient = work.Of(kVersion, part, 0);
    Round(NodeRounding(rounding, {part, part + 1}), {ChunkedWork::kWidth}, &gradient);
    tree.Insert({part, part + 1}, Gradient(gradient), rounding);
    REQUIRE(reduction.Give({part, part + 1}, {gradient}).ok());
  }
  const Effects effects = Take(reduction);
  REQUIRE(effects.sums.size() == 1);
  CHECK(SameBits(*effects.sums[0].sum, tree.Take()));
}

TEST_CASE("Messages that do not fit are refused, and change nothing") {
  const ChunkedWork work(5, 4, 3);
  TreeReduction reduction(work.Shape(Three(), 0), kVersion);
  const auto refused = [&](CollectiveMessage message, uint32_t from = 1) {
    const uint64_t moves = reduction.moves();
    const absl::Status status = reduction.Arrived(from, message);
    CHECK(absl::IsInvalidArgument(status));
    CHECK(reduction.moves() == moves);
    return std::string(status.message());
  };
  const auto with = [&](const std::function<void(Gradient&)>& change) {
    CollectiveMessage message = Node(work, {2, 3}, 0);
    Gradient gradient = *message.gradient;
    change(gradient);
    message.gradient = std::make_shared<const Gradient>(std::move(gradient));
    return message;
  };
  CHECK(refused(Node(work, {2, 3}, 1)) == "worker-1 sent a node of chunk 1, which is not ours, of batch 12");
  CHECK(refused(SumOf(work, 2)) == "worker-1 sent the sum of chunk 2, which it does not own, of batch 12");
  CollectiveMessage message = Node(work, {2, 3}, 0);
  message.node = {1, 3};
  CHECK(refused(message) == "worker-1 sent [1, 3), which is no node, of batch 12");
  message.gradient = nullptr;
  CHECK(refused(message) == "worker-1 sent no gradient of batch 12");
  message = Node(work, {2, 3}, 0);
  message.chunk = 3;
  CHECK(refused(message) == "the gradient of chunk 3 of batch 12 is sent; the group has 3 chunks");
  CHECK(refused(with([](Gradient& g) { g.rows.clear(); })) ==
        "the gradient of chunk 0 of batch 12 is of another number of tables");
  CHECK(refused(with([](Gradient& g) { g.rows[0].values.push_back(1); })) ==
        "the gradient of chunk 0 of batch 12 has rows of another width");
  CHECK(refused(with([](Gradient& g) {
          g.rows[0] = {{4, 4}, {1, 2, 3, 4}};
        })) == "the gradient of chunk 0 of batch 12 has rows that do not ascend");
  CHECK(refused(with([](Gradient& g) { g.dense.push_back({1}); })) ==
        "the gradient of chunk 0 of batch 12 has dense values of another number");
  CHECK(absl::IsInvalidArgument(reduction.Give({1, 3}, work.ByChunk(kVersion, {1, 2}))));
  CHECK(absl::IsInvalidArgument(reduction.Give({1, 2}, {})));
}

}  // namespace
}  // namespace pumasi
