#include "tools/cli/trace.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pumasi {
namespace {

using nlohmann::json;

void Add(v1::GetTraceResponse* trace, uint32_t node, v1::Stage stage, int64_t begin, uint64_t micros,
         uint64_t version = 0, uint32_t first = 0, uint32_t end = 0) {
  auto* event = trace->add_events();
  event->set_node(node);
  event->mutable_event()->set_stage(stage);
  event->mutable_event()->set_begin_micros(begin);
  event->mutable_event()->set_micros(micros);
  event->mutable_event()->set_version(version);
  event->mutable_event()->set_first_part(first);
  event->mutable_event()->set_end_part(end);
}

void AddNode(v1::GetTraceResponse* trace, const std::string& name, v1::Role role) {
  auto* node = trace->add_nodes();
  node->set_name(name);
  node->set_role(role);
}

// Events of a kind, in the order of the file.
std::vector<json> Of(const json& trace, const std::string& phase, const std::string& name) {
  std::vector<json> found;
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] == phase && event["name"] == name) found.push_back(event);
  }
  return found;
}

TEST_CASE("One process a daemon, one track a stage, times from the first event on") {
  v1::GetTraceResponse trace;
  AddNode(&trace, "worker-0", v1::ROLE_WORKER);
  AddNode(&trace, "server \"0\"", v1::ROLE_SERVER);
  trace.set_dropped(3);
  Add(&trace, 1, v1::STAGE_APPLY, 5000, 20, 4, 2, 4);
  Add(&trace, 0, v1::STAGE_READ, 1000, 100, 4, 2, 3);
  const json all = json::parse(TraceJson(trace));
  CHECK(all["otherData"]["dropped_events"] == 3);
  const auto read = Of(all, "X", "read"), apply = Of(all, "X", "apply");
  REQUIRE(read.size() == 1);
  CHECK(read[0]["ts"] == 0);
  CHECK(read[0]["dur"] == 100);
  CHECK(read[0]["args"].dump() == R"({"parts":"2","version":4})");
  REQUIRE(apply.size() == 1);
  CHECK(apply[0]["ts"] == 4000);
  CHECK(apply[0]["args"]["parts"] == "2-3");
  CHECK(apply[0]["pid"] != read[0]["pid"]);
  const auto names = Of(all, "M", "process_name");
  REQUIRE(names.size() == 2);
  CHECK(names[1]["pid"] == apply[0]["pid"]);
  CHECK(names[1]["args"]["name"] == "server \"0\"");
  CHECK(Of(all, "M", "thread_name").size() == 2);
}

TEST_CASE("Events of a stage that overlap are on tracks beside each other") {
  v1::GetTraceResponse trace;
  AddNode(&trace, "worker-0", v1::ROLE_WORKER);
  Add(&trace, 0, v1::STAGE_PULL, 30, 10, 3);
  Add(&trace, 0, v1::STAGE_PULL, 0, 10, 0);
  Add(&trace, 0, v1::STAGE_PULL, 5, 20, 1);
  Add(&trace, 0, v1::STAGE_PULL, 10, 10, 2);
  const json all = json::parse(TraceJson(trace));
  const auto pulls = Of(all, "X", "pull");
  REQUIRE(pulls.size() == 4);
  std::vector<int> tracks;
  for (const json& pull : pulls) tracks.push_back(pull["tid"].get<int>() - pulls[0]["tid"].get<int>());
  CHECK(tracks == std::vector<int>{0, 1, 0, 0});
  CHECK(Of(all, "M", "thread_name").size() == 2);
}

TEST_CASE("An empty trace is one, and strangers' events are left out") {
  CHECK(json::parse(TraceJson({}))["traceEvents"].empty());
  v1::GetTraceResponse trace;
  Add(&trace, 7, v1::STAGE_PULL, 0, 1);
  AddNode(&trace, "w\xff", v1::ROLE_WORKER);
  Add(&trace, 0, static_cast<v1::Stage>(99), 0, 1);
  for (int i = 0; i < 200; ++i) Add(&trace, 0, v1::STAGE_PUSH, 0, 1000);
  CHECK(Of(json::parse(TraceJson(trace)), "X", "push").size() == 200);
}

}  // namespace
}  // namespace pumasi
