#include "tools/cli/audit_report.h"

#include <catch2/catch.hpp>

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

v1::AuditBatch Batch(std::vector<std::pair<uint32_t, uint32_t>> units) {
  v1::AuditBatch batch;
  batch.set_version(7);
  batch.set_parts(8);
  for (const auto& [first, end] : units) {
    auto* unit = batch.add_units();
    unit->set_first_part(first);
    unit->set_end_part(end);
    unit->set_worker("worker-1");
    unit->set_token(first == 0 ? 0 : 12);
  }
  return batch;
}

v1::AuditResponse Exact() {
  v1::AuditResponse audit;
  audit.set_state(v1::DONE);
  audit.set_parts(800);
  audit.set_done(800);
  audit.set_samples(6400);
  audit.set_expected_samples(6400);
  audit.set_repeated_results(3);
  *audit.add_batches() = Batch({{4, 8}, {0, 4}});
  return audit;
}

}  // namespace

TEST_CASE("a batch is right if its units are its parts, in any order") {
  CHECK(CheckAuditBatch(Batch({{0, 8}})).ok());
  CHECK(CheckAuditBatch(Batch({{4, 6}, {6, 8}, {0, 4}})).ok());
}

TEST_CASE("a part that is missing, or counts twice, is named") {
  const auto message = [](const v1::AuditBatch& batch) { return std::string(CheckAuditBatch(batch).message()); };
  CHECK_THAT(message(Batch({})), Contains("batch 7") && Contains("0 of its 8 parts"));
  CHECK_THAT(message(Batch({{4, 8}})), Contains("batch 7") && Contains("part 0"));
  CHECK_THAT(message(Batch({{0, 4}, {5, 8}})), Contains("part 4"));
  CHECK_THAT(message(Batch({{0, 4}, {3, 8}})), Contains("part 3 counts twice"));
  CHECK_THAT(message(Batch({{0, 4}, {0, 4}, {4, 8}})), Contains("part 0 counts twice"));
  CHECK_THAT(message(Batch({{0, 4}, {4, 4}, {4, 8}})), Contains("before its first part"));
  CHECK_THAT(message(Batch({{0, 16}})), Contains("16 of its 8"));
}

TEST_CASE("an audit is exact if all parts are applied, once, with all samples") {
  v1::AuditResponse audit = Exact();
  CHECK(CheckAudit(audit).ok());
  CHECK(AuditJson("j", audit)["exact"] == true);
  CHECK_THAT(AuditText("j", audit), Contains("exact: every part") &&
                                        Contains("parts 0 to 3: worker-1, without a lease") &&
                                        Contains("parts 4 to 7: worker-1, lease 12"));
  SECTION("a part short") { audit.set_done(799); }
  SECTION("samples short") { audit.set_samples(6399); }
  SECTION("a batch wrong") { audit.mutable_batches(0)->mutable_units(0)->set_first_part(5); }
  if (!CheckAudit(audit).ok()) {
    CHECK(absl::IsDataLoss(CheckAudit(audit)));
    CHECK(AuditJson("j", audit)["exact"] == false);
    CHECK_THAT(AuditText("j", audit), Contains("NOT EXACT"));
  }
}

TEST_CASE("a job that still runs is not judged") {
  v1::AuditResponse audit = Exact();
  audit.set_state(v1::TRAINING);
  audit.set_done(400);
  CHECK(absl::IsFailedPrecondition(CheckAudit(audit)));
  CHECK_THAT(AuditText("j", audit), Contains("not finished") && Contains("400 of 800"));
}

}  // namespace pumasi
