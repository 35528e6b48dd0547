#include "tools/compare/plan.h"

#include <catch2/catch.hpp>
#include <map>

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using Strings = std::vector<std::string>;

Sweep Plain() { return {{"ps"}, {1, 2}, {2}, {}}; }

std::string ErrorOf(const Sweep& sweep) {
  const auto variants = VariantsOf(sweep);
  REQUIRE_FALSE(variants.ok());
  CHECK(variants.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(variants.status().message());
}

TEST_CASE("Workers change fastest, then servers, then what is varied, then modes") {
  Sweep sweep = Plain();
  sweep.modes = {"ps", "hybrid"};
  sweep.vary = {"wire=float32, bf16"};
  const auto variants = VariantsOf(sweep);
  REQUIRE(variants.ok());
  REQUIRE(variants->size() == 8);
  CHECK((*variants)[0] == Variant{"ps, 1 worker, wire=float32", "ps", 1, 2, {"mode=ps", "wire=float32"}});
  CHECK((*variants)[1] == Variant{"ps, 2 workers, wire=float32", "ps", 2, 2, {"mode=ps", "wire=float32"}});
  CHECK((*variants)[2].label == "ps, 1 worker, wire=bf16");
  // A mode that is not known is left to the job's own check.
  CHECK((*variants)[7] == Variant{"hybrid, 2 workers, wire=bf16", "hybrid", 2, 2, {"mode=hybrid", "wire=bf16"}});
}

TEST_CASE("Servers are named where there are several numbers of them") {
  Sweep sweep = Plain();
  sweep.servers = {1, 3};
  const auto variants = VariantsOf(sweep);
  REQUIRE(variants.ok());
  CHECK((*variants)[2].label == "ps, 1 worker, 3 servers");
  CHECK((*variants)[2].servers == 3);
}

TEST_CASE("A mode in which workers hold everything is tried without servers, once") {
  Sweep sweep = Plain();
  sweep.modes = {"allreduce"};
  sweep.servers = {1, 3};
  const auto variants = VariantsOf(sweep);
  REQUIRE(variants.ok());
  REQUIRE(variants->size() == 2);
  CHECK((*variants)[0] == Variant{"allreduce, 1 worker", "allreduce", 1, 0, {"mode=allreduce"}});
}

TEST_CASE("Workers that hold all are a mode of their own here") {
  Sweep sweep = Plain();
  sweep.modes = {"replicated"};
  const auto variants = VariantsOf(sweep);
  REQUIRE(variants.ok());
  CHECK((*variants)[1] ==
        Variant{"replicated, 2 workers", "replicated", 2, 0, {"mode=allreduce", "allreduce.state=replicated"}});
}

TEST_CASE("Links are named, and each is tried with each number of workers") {
  Sweep sweep = Plain();
  sweep.links = {"1gbit", "none"};
  const auto variants = VariantsOf(sweep);
  REQUIRE(variants.ok());
  REQUIRE(variants->size() == 4);
  CHECK((*variants)[1] == Variant{"ps, 2 workers, link=1gbit", "ps", 2, 2, {"mode=ps"}, "1gbit"});
  CHECK((*variants)[2].link == "none");
  sweep.links = {"1gbit", "1gbit"};
  CHECK_THAT(ErrorOf(sweep), Contains("--link: 1gbit stands twice"));
}

TEST_CASE("A mode in which servers and workers hold something is tried with servers") {
  Sweep sweep = Plain();
  sweep.modes = {"hybrid"};
  sweep.servers = {2};
  const auto variants = VariantsOf(sweep);
  REQUIRE(variants.ok());
  REQUIRE(variants->size() == 2);
  CHECK((*variants)[0] == Variant{"hybrid, 1 worker", "hybrid", 1, 2, {"mode=hybrid"}});
}

TEST_CASE("Commas in brackets, braces and quotes belong to a value") {
  CHECK(SplitValues("a,b") == Strings{"a", "b"});
  CHECK(SplitValues(" a , b ") == Strings{"a", "b"});
  CHECK(SplitValues("{adam: {learning_rate: 0.1, beta_1: 0.8}}, {sgd: {}}") ==
        Strings{"{adam: {learning_rate: 0.1, beta_1: 0.8}}", "{sgd: {}}"});
  CHECK(SplitValues("sync,async,{bounded: {staleness: 3}}") == Strings{"sync", "async", "{bounded: {staleness: 3}}"});
  CHECK(SplitValues("[1, 2],[3]") == Strings{"[1, 2]", "[3]"});
  CHECK(SplitValues("\"a,b\",'c,d'") == Strings{"\"a,b\"", "'c,d'"});
  CHECK(SplitValues("") == Strings{""});
  CHECK(SplitValues("a],b") == Strings{"a]", "b"});
}

TEST_CASE("A sweep that makes no sense says what would") {
  Sweep sweep = Plain();
  sweep.vary = {"wire"};
  CHECK_THAT(ErrorOf(sweep), Contains("--vary wire") && Contains("KEY=A,B"));
  sweep.vary = {"wire=bf16,bf16"};
  CHECK_THAT(ErrorOf(sweep), Contains("bf16 stands twice"));
  sweep.vary = {"wire=bf16,"};
  CHECK_THAT(ErrorOf(sweep), Contains("empty"));
  sweep.vary = {"seed=1,2", "seed=3"};
  CHECK_THAT(ErrorOf(sweep), Contains("varied already"));
  sweep.vary = {"mode=ps"};
  CHECK_THAT(ErrorOf(sweep), Contains("--modes"));
  sweep.vary = {"a=1,2,3,4,5,6,7,8", "b=1,2,3,4,5,6,7,8"};
  CHECK_THAT(ErrorOf(sweep), Contains("more than 64"));
  sweep.vary = {};
  sweep.workers = {2, 1, 2};
  CHECK_THAT(ErrorOf(sweep), Contains("--workers: 2 stands twice"));
}

TEST_CASE("Rounds alternate and every second one goes backwards; warm-ups come first and do not count") {
  CHECK(PlanTrials(3, 3, 2) == std::vector<Trial>{{0, 0, true},
                                                  {1, 0, true},
                                                  {0, 0, false},
                                                  {1, 0, false},
                                                  {2, 0, false},
                                                  {2, 1, false},
                                                  {1, 1, false},
                                                  {0, 1, false},
                                                  {0, 2, false},
                                                  {1, 2, false},
                                                  {2, 2, false}});
  CHECK(PlanTrials(1, 1, 0) == std::vector<Trial>{{0, 0, false}});
  CHECK(PlanTrials(2, 0, 3) == std::vector<Trial>{{0, 0, true}, {1, 0, true}, {0, 0, true}});
}

TEST_CASE("Over an even number of rounds a machine that slows down steadily hits all alike") {
  std::map<size_t, size_t> moments;
  const auto trials = PlanTrials(5, 4, 1);
  for (size_t i = 1; i < trials.size(); ++i) moments[trials[i].variant] += i;
  for (const auto& [variant, sum] : moments) CHECK(sum == moments[0]);
}

TEST_CASE("A run's folder has a plain name") {
  CHECK(TrialName(3, "ps, 2 workers, wire=bf16") == "003-ps-2-workers-wire-bf16");
  CHECK(TrialName(12, "../../etc/x y\n\"") == "012-..-..-etc-x-y");
  CHECK(TrialName(1, std::string(500, 'a')).size() == 60);
  CHECK(TrialName(1, "///") == "001");
}

}  // namespace
}  // namespace pumasi
