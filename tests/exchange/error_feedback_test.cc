#include "worker/exchange/error_feedback.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/error_detail.h"
#include "common/layout/slots.h"

namespace pumasi {
namespace {

constexpr uint32_t kSlots = 4;
constexpr DenseCoding kOneBit = {DenseCoding::Kind::kOneBit, 0}, kTopk = {DenseCoding::Kind::kLargest, 0.01};
constexpr auto kAccepted = v1::PushResponse::ACCEPTED, kDuplicate = v1::PushResponse::DUPLICATE,
               kNone = v1::PushResponse::OUTCOME_UNSPECIFIED;

enum Tables : size_t { kWords, kKernel, kBias, kMean };

// The row table, a tensor of two chunks, a small one, and a statistic.
std::vector<v1::TableSpec> AllTables() {
  std::vector<v1::TableSpec> tables(4);
  const auto fill = [](v1::TableSpec& spec, const char* name, uint64_t rows, uint32_t columns) {
    spec.set_name(name);
    spec.set_kind(v1::TableSpec::DENSE);
    spec.set_rows(rows);
    spec.set_columns(columns);
    spec.mutable_initializer()->set_kind(v1::Initializer::ZEROS);
  };
  fill(tables[kWords], "words", 500, 2);
  tables[kWords].set_kind(v1::TableSpec::ROWS);
  fill(tables[kKernel], "kernel", 130, 200);
  fill(tables[kBias], "bias", 1, 10);
  fill(tables[kMean], "mean", 1, 5);
  tables[kMean].set_update(v1::TableSpec::MOVING_AVERAGE);
  return tables;
}

v1::Layout LayoutOf(uint64_t epoch, const std::vector<uint32_t>& owners) {
  v1::Layout layout;
  layout.set_epoch(epoch);
  layout.add_servers()->set_node("s0");
  layout.add_servers()->set_node("s1");
  for (const uint32_t owner : owners) layout.add_slot_owner(owner);
  return layout;
}

// The kernel's chunks lie on different servers.
Router TwoServers(const DenseCoding& coding) {
  return *Router::Create(AllTables(), LayoutOf(1, {0, 1, 0, 1}), Precision::kFloat32, coding);
}

uint32_t ServerOf(const Router& router, uint32_t table, uint32_t chunk) {
  for (const auto& mine : router.primary_chunks(0)) {
    if (mine.table == table && mine.chunk == chunk) return 0;
  }
  return 1;
}

Gradient Some(std::mt19937_64& random) {
  std::normal_distribution<float> normal(0, 1);
  Gradient gradient;
  gradient.rows.resize(4);
  gradient.rows[kWords] = {{3, 9}, {1, 2, 3, 4}};
  gradient.dense.resize(4);
  for (const auto& [table, size] : {std::pair(kKernel, 26000), {kBias, 10}, {kMean, 5}}) {
    gradient.dense[table].resize(size);
    for (float& value : gradient.dense[table]) value = normal(random);
  }
  return gradient;
}

using Residuals = std::vector<std::vector<float>>;

bool Near(const std::vector<float>& left, const std::vector<float>& right, size_t first = 0, size_t end = SIZE_MAX) {
  if (left.size() != right.size()) return false;
  for (size_t i = first; i < std::min(end, left.size()); ++i) {
    if (std::fabs(left[i] - right[i]) > 1e-5) return false;
  }
  return true;
}

// A unit is pushed to both servers and accepted.
void PushWell(ErrorFeedback& feedback, const Router& router, uint64_t unit) {
  for (const uint32_t server : {0, 1}) {
    feedback.Sent(unit, router, server);
    feedback.Answered(unit, router, server, absl::OkStatus(), kAccepted);
  }
}

TEST_CASE("Gradients of dense tensors are coded; rows and statistics are not, nor is anything without a coding") {
  std::mt19937_64 random(1);
  const Gradient gradient = Some(random);
  for (const DenseCoding& coding : {DenseCoding(), kOneBit, kTopk}) {
    CAPTURE(CodingName(coding.kind));
    ErrorFeedback feedback(coding, AllTables());
    Gradient pushed = gradient;
    feedback.Quantise(1, 0, &pushed);
    CHECK(pushed.rows[kWords].values == gradient.rows[kWords].values);
    CHECK(pushed.dense[kMean] == gradient.dense[kMean]);
    CHECK((pushed.dense[kKernel] == gradient.dense[kKernel]) == !coding.on());
    for (const size_t table : {kKernel, kBias}) {
      for (size_t i = 0; coding.on() && i < pushed.dense[table].size(); ++i) {
        REQUIRE(std::fabs(pushed.dense[table][i] + feedback.residuals()[table][i] - gradient.dense[table][i]) < 1e-5);
      }
    }
    CHECK(feedback.residuals()[kMean].empty());
    CHECK(feedback.residuals()[kWords].empty());
  }
}

TEST_CASE("A unit that counts leaves what it lost; one that does not leaves nothing") {
  std::mt19937_64 random(2);
  const DenseCoding coding = GENERATE(kOneBit, kTopk);
  const Router router = TwoServers(coding);
  ErrorFeedback feedback(coding, AllTables());
  Gradient first = Some(random);
  feedback.Quantise(1, 0, &first);
  PushWell(feedback, router, 1);
  feedback.End(1);
  const Residuals before = feedback.residuals();
  CHECK_FALSE(before[kKernel] == std::vector<float>(26000));

  Gradient second = Some(random);
  feedback.Quantise(2, 0, &second);
  const Residuals after = feedback.residuals();
  const absl::Status lost = absl::DeadlineExceededError("no answer");
  const absl::Status not_ready = DetailedError(v1::ErrorDetail::NOT_READY, "wait");
  const absl::Status partly = DetailedError(v1::ErrorDetail::PARTLY_APPLIED, "some");
  bool counts = true;
  const auto answered = [&](const absl::Status& status, v1::PushResponse::Outcome outcome) {
    for (const uint32_t server : {0, 1}) {
      feedback.Sent(2, router, server);
      feedback.Answered(2, router, server, status, outcome);
    }
  };
  SECTION("it was taken at once") { answered(absl::OkStatus(), kAccepted); }
  SECTION("another worker was first") {
    answered(absl::OkStatus(), kDuplicate);
    counts = false;
  }
  SECTION("another worker was first, while the server was not ready yet") {
    answered(not_ready, kNone);
    answered(absl::OkStatus(), kDuplicate);
    counts = false;
  }
  SECTION("an answer was lost, and the server has it: it has it from us") {
    answered(lost, kNone);
    answered(absl::OkStatus(), kDuplicate);
  }
  SECTION("a call that was lost, and one that was not") {
    answered(lost, kNone);
    answered(absl::OkStatus(), kAccepted);
  }
  SECTION("it was taken, and is pushed again under a new layout") {
    answered(absl::OkStatus(), kAccepted);
    answered(absl::OkStatus(), kDuplicate);
  }
  SECTION("others have a part of it: it is computed again, part by part") {
    answered(partly, kNone);
    counts = false;
  }
  SECTION("it was never pushed") { counts = false; }
  SECTION("it was pushed in vain") {
    answered(lost, kNone);
    counts = false;
  }
  feedback.End(2);
  CHECK(feedback.units() == 0);
  for (const size_t table : {kKernel, kBias}) {
    CHECK(Near(feedback.residuals()[table], counts ? after[table] : before[table]));
  }
  feedback.End(2);
  feedback.Sent(2, router, 0);
  feedback.Answered(2, router, 0, absl::OkStatus(), kAccepted);
  CHECK(feedback.units() == 0);
}

TEST_CASE("What counts is known chunk by chunk, also when slots move between two calls") {
  std::mt19937_64 random(3);
  const Router router = TwoServers(kOneBit);
  const uint32_t owner = ServerOf(router, kKernel, 0);
  REQUIRE(ServerOf(router, kKernel, 1) != owner);
  ErrorFeedback feedback(kOneBit, AllTables());
  Gradient gradient = Some(random);
  feedback.Quantise(1, 0, &gradient);
  const Residuals after = feedback.residuals();
  // The first chunk counts; then its server takes over the second one, and another worker was first there.
  feedback.Sent(1, router, owner);
  feedback.Answered(1, router, owner, absl::OkStatus(), kAccepted);
  feedback.Sent(1, router, 1 - owner);
  feedback.Answered(1, router, 1 - owner, DetailedError(v1::ErrorDetail::STALE_LAYOUT, "a new layout"), kNone);
  const Router moved = *Router::Create(AllTables(), LayoutOf(2, {owner, owner, owner, owner}));
  feedback.Sent(1, moved, owner);
  feedback.Answered(1, moved, owner, absl::OkStatus(), kDuplicate);
  feedback.End(1);
  CHECK(Near(feedback.residuals()[kKernel], after[kKernel], 0, kChunkFloats));
  CHECK(Near(feedback.residuals()[kKernel], std::vector<float>(26000), kChunkFloats));
}

TEST_CASE("Another generation forgets what was lost: it is computed again") {
  std::mt19937_64 random(4);
  ErrorFeedback feedback(kTopk, AllTables());
  Gradient gradient = Some(random);
  feedback.Quantise(1, 0, &gradient);
  CHECK(feedback.residuals()[kKernel] != std::vector<float>(26000));
  Gradient empty;
  empty.rows.resize(4);
  empty.dense.resize(4);
  feedback.Quantise(2, 1, &empty);
  CHECK(empty.dense[kKernel].empty());
  CHECK(feedback.residuals()[kKernel] == std::vector<float>(26000));
  feedback.End(1);
  CHECK(feedback.residuals()[kKernel] == std::vector<float>(26000));
}

// Workers compute units, some of them twice, and a chunk takes the first push of a unit that comes.
TEST_CASE("All of every unit's gradient counts once, in what was taken and what is kept, whoever computed it") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const DenseCoding coding = GENERATE(kOneBit, kTopk);
  const Router router = TwoServers(coding);
  constexpr int kWorkers = 3, kUnits = 40;
  std::vector<std::unique_ptr<ErrorFeedback>> workers;
  for (int i = 0; i < kWorkers; ++i) workers.push_back(std::make_unique<ErrorFeedback>(coding, AllTables()));
  std::vector<double> given(26000), taken(26000);
  for (uint64_t unit = 1; unit <= kUnits; ++unit) {
    const Gradient gradient = Some(random);
    for (size_t i = 0; i < given.size(); ++i) given[i] += gradient.dense[kKernel][i];
    std::set<uint32_t> have;  // servers that have the unit
    const int first = static_cast<int>(random() % kWorkers);
    std::vector<int> who = {first};
    if (random() % 2 == 0) who.push_back((first + 1) % kWorkers);
    for (size_t turn = 0; turn < who.size(); ++turn) {
      ErrorFeedback& worker = *workers[who[turn]];
      Gradient pushed = gradient;
      worker.Quantise(unit, 0, &pushed);
      for (const uint32_t server : {0, 1}) {
        // The first one may die before it has reached both, but for its process: it hears no more of the unit.
        if (turn == 0 && who.size() == 2 && random() % 2 == 0) continue;
        int calls = 1 + static_cast<int>(random() % 2);  // the first answer may be lost
        const bool is_new = have.insert(server).second;
        if (!is_new) calls = 1;
        for (int call = 1; call <= calls; ++call) {
          worker.Sent(unit, router, server);
          const bool last = call == calls;
          worker.Answered(unit, router, server, last ? absl::OkStatus() : absl::DeadlineExceededError("lost"),
                          !last                  ? kNone
                          : is_new && calls == 1 ? kAccepted
                                                 : kDuplicate);
        }
        if (!is_new) continue;
        for (const auto& chunk : router.primary_chunks(server)) {
          if (chunk.table != kKernel) continue;
          for (size_t i = chunk.chunk * kChunkFloats, end = i + chunk.floats; i < end; ++i) {
            taken[i] += pushed.dense[kKernel][i];
          }
        }
      }
      worker.End(unit);
    }
  }
  for (size_t i = 0; i < given.size(); ++i) {
    double kept = 0;
    for (const auto& worker : workers) kept += worker->residuals()[kKernel][i];
    REQUIRE(std::fabs(given[i] - taken[i] - kept) < 1e-3);
  }
}

}  // namespace
}  // namespace pumasi
