#include "tools/compare/verdict.h"

#include <catch2/catch.hpp>

#include "tests/compare/some_runs.h"
#include "tools/compare/crossing.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

// What is said of runs, and by which label the best one goes.
struct Said {
  std::string best, use, limits, change, text;
};

Said Of(const std::vector<Run>& runs, const std::string& target = "") {
  auto comparison = CompareRuns(runs, target);
  REQUIRE(comparison.ok());
  const std::vector<Summary> summaries = Summarise(*comparison);
  const Verdict verdict = Judge(*comparison, summaries);
  return {verdict.best == nullptr ? "" : verdict.best->configuration->label, verdict.use, verdict.limits,
          verdict.change, verdict.Text()};
}

// Three repetitions each, by their speeds.
std::vector<Run> Repeated(const Run& run, const std::vector<double>& speeds) {
  std::vector<Run> runs;
  for (const double speed : speeds) {
    Run some = SomeRun(run.mode, run.workers, speed);
    some.shares = run.shares;
    some.bottleneck = run.bottleneck;
    runs.push_back(some);
  }
  return runs;
}

std::vector<Run> operator+(std::vector<Run> a, const std::vector<Run>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Run kPs = WithShares(SomeRun("ps", 2, 80), 0.5, 0.0);
const Run kHybrid = WithShares(SomeRun("hybrid", 2, 100), 0.1, 0.0);

TEST_CASE("A clear winner is named with the figures that make it one") {
  const Said said = Of(Repeated(kPs, {80, 79, 82}) + Repeated(kHybrid, {100, 98, 101}));
  CHECK(said.best == "hybrid, 2 workers");
  CHECK(said.use ==
        "Use 'hybrid, 2 workers': it trains 100 rows/s (98 to 101 in 3 runs), 1.25 times as fast as the next one, "
        "'ps, 2 workers', with 80 rows/s (79 to 82 in 3 runs). All runs ended with the same parameters, bit for bit.");
  CHECK(said.limits ==
        "The link limits 'hybrid, 2 workers' (workers wait for values), 'ps, 2 workers' (workers wait for values).");
  CHECK(said.text == said.use + " " + said.limits + " " + said.change);
}

TEST_CASE("Of many configurations all are said to be limited, the first six with their figures") {
  std::vector<Run> runs;
  for (uint32_t workers = 1; workers <= 8; ++workers) {
    runs.push_back(WithShares(SomeRun("ps", workers, 10 * workers), 0.5, 0));
  }
  const Said said = Of(runs);
  CHECK_THAT(said.limits, Contains("'ps, 3 workers' (workers wait for values), 'ps, 2 workers', 'ps, 1 worker'."));
}

TEST_CASE("The link that would change the answer, by hand") {
  // (0.9 + 0.1 u) / 100 = (0.5 + 0.5 u) / 80: u = 11 / 21, so a link 1.9 times as fast.
  CHECK(*Crossing({100, 0.1}, {80, 0.5}) == Approx(21.0 / 11));
  CHECK_FALSE(Crossing({100, 0.1}, {80, 0.2}));  // the faster one in this and in all else
  CHECK_FALSE(Crossing({100, 0.5}, {100, 0.5}));
  CHECK(*WithoutIt({80, 0.5}) == 160);
  CHECK_FALSE(WithoutIt({80, 1}));
  const Said said = Of(Repeated(kPs, {80, 80, 80}) + Repeated(kHybrid, {100, 100, 100}));
  // 70000 bytes in 12.5 s and in 10 s.
  CHECK_THAT(said.change,
             Contains("What would change that: 'ps, 2 workers' would be as fast as 'hybrid, 2 workers' with a link 1.9 "
                      "times as fast (waits for values and gradients on their way: 50 % of its time at 5.6 kB/s, 10 % "
                      "of the other's at 7 kB/s)"));
  CHECK_THAT(said.change, Contains("nothing else changes"));
}

TEST_CASE("Within the spread there is no winner, and which way they would part is told") {
  const Said said = Of(Repeated(kPs, {99, 97, 103}) + Repeated(kHybrid, {100, 98, 101}));
  CHECK(said.best.empty());
  CHECK_THAT(said.use, Contains("There is no winner: what 'hybrid, 2 workers' and 'ps, 2 workers' differ by") &&
                           Contains("99 rows/s (97 to 103 in 3 runs)") && Contains("More repetitions"));
  CHECK_THAT(said.change, Contains("Slower links would favour 'hybrid, 2 workers', faster ones 'ps, 2 workers' (waits "
                                   "for values and gradients on their way: 10 % and 50 % of the time)"));
}

TEST_CASE("Single runs say little: only a difference of a tenth counts") {
  const Said clear = Of({kPs, kHybrid});
  CHECK(clear.best == "hybrid, 2 workers");
  CHECK_THAT(clear.use, Contains("(one run)") && Contains("So few runs say little"));
  Run near = kPs;
  near.rows_per_s = 95;
  CHECK(Of({near, kHybrid}).best.empty());
}

TEST_CASE("With a stated target, who reaches it first wins") {
  Run quick = kPs;  // half as fast, but good after the first evaluation
  quick.tests[0].metric = 0.75;
  Run slow = kHybrid;
  slow.tests[0].seconds = 9;
  const Said said = Of({quick, slow}, "accuracy=0.7");
  CHECK(said.best == "ps, 2 workers");
  CHECK_THAT(said.use, Contains("reaches accuracy 0.7000 after 6.25 s of training (one run)") &&
                           Contains("1.60 times as fast as the next one, 'hybrid, 2 workers', with 10.0 s"));
  // Without it speed decides.
  CHECK(Of({quick, slow}).best == "hybrid, 2 workers");
  slow.tests.clear();
  CHECK_THAT(Of({quick, slow}, "accuracy=0.7").use, Contains("no other one does"));
  CHECK_THAT(Of({quick, slow}, "accuracy=0.9").use, Contains("No configuration reached the target"));
}

TEST_CASE("Where the cores are busy, waits say nothing of links") {
  Run ps = kPs, hybrid = kHybrid;
  hybrid.cores = 2;
  hybrid.cores_used = 1.95;
  const Said said = Of({ps, hybrid});
  CHECK_THAT(said.limits, Contains("The machine's cores limit 'hybrid, 2 workers' (its processes keep 1.9") ||
                              Contains("keep 2.0 of the machine's 2 cores busy"));
  CHECK_THAT(said.change, Contains("share one machine") && Contains("order may be another"));
  CHECK_THAT(said.change, !Contains("times as fast (waits"));
}

TEST_CASE("Without shares nothing is made up") {
  const Said said = Of({SomeRun("ps", 2, 80), SomeRun("hybrid", 2, 100)});
  CHECK_THAT(said.limits, Contains("It is not known what limits"));
  CHECK_THAT(said.change, Contains("cannot be said"));
}

TEST_CASE("How workers add up is told of the best one's kind") {
  const Said said = Of({SomeRun("ps", 1, 100), SomeRun("ps", 4, 200)});
  CHECK_THAT(said.change, Contains("4 workers are 2.00 times as fast as one (efficiency 0.50)"));
  CHECK_THAT(Of({SomeRun("ps", 1, 100), SomeRun("ps", 2, 190)}).change, Contains("may go on paying off"));
}

TEST_CASE("Different results are told") {
  Run other = SomeRun("ps", 2, 200);
  other.parameters_sha256 = "another";
  other.tests.back().metric = 0.5;
  CHECK_THAT(Of({SomeRun("ps", 1, 100), other}).use,
             Contains("test accuracy goes from 0.5000 ('ps, 2 workers') to 0.7500 ('ps, 1 worker')"));
}

TEST_CASE("One configuration alone is only described") {
  const Said said = Of(Repeated(kPs, {80, 81, 82}));
  CHECK_THAT(said.use, Contains("There is one configuration, 'ps, 2 workers': it trains 81 rows/s"));
}

}  // namespace
}  // namespace pumasi
