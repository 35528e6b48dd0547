#include "tools/plan/cluster_file.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

absl::StatusOr<v1::Cluster> Load(const std::string& text) {
  TempFolder folder;
  std::ofstream(folder / "cluster.yaml") << text;
  return LoadCluster(folder / "cluster.yaml");
}

std::string ErrorOf(const std::string& text) {
  const std::string message(Load(text).status().message());
  return message.substr(message.find("cluster.yaml") == std::string::npos ? 0 : message.find("cluster.yaml"));
}

TEST_CASE("A cluster's file, with defaults") {
  const auto cluster = Load(
      "machines:\n"
      "  - {count: 16, cores: 32, memory_gib: 128, link_gbit: 25}\n"
      "  - {cores: 8, memory_gib: 512, runs: servers}\n"
      "worker: {rows_per_s: 780}\n"
      "costs: {call_us: 250}\n");
  REQUIRE(cluster.ok());
  REQUIRE(cluster->machines_size() == 2);
  CHECK(cluster->machines(0).runs() == v1::MACHINE_USE_ALL);
  CHECK(cluster->machines(1).count() == 1);
  CHECK(cluster->machines(1).runs() == v1::MACHINE_USE_SERVERS);
  CHECK(cluster->worker().cores() == 1);
  CHECK_FALSE(cluster->costs().has_unit_us());
}

TEST_CASE("What is wrong is named with its place and what would be right") {
  CHECK(ErrorOf("machines: [{cores: 8, memory_gib: 1}]\nworkers: {}\n") ==
        "cluster.yaml:2:1: workers: unknown field; did you mean 'worker'?");
  CHECK(ErrorOf("machines:\n  - {coers: 8, memory_gib: 1}\n")
            .find("cluster.yaml:2:6: machines[0].coers: unknown field; "
                  "did you mean 'cores'?") == 0);
  CHECK(ErrorOf("machines: [{cores: 0, memory_gib: 1}]\n").find("from 1 to 4096 cores") != std::string::npos);
  CHECK(ErrorOf("{}\n").find("machines") != std::string::npos);
  CHECK(ErrorOf("machines: [{cores: 8}]\n").find("memory_gib") != std::string::npos);
  CHECK(ErrorOf("machines: [{cores: 8, memory_gib: 1}]\nworker: {cores: 1}\n").find("rows_per_s") != std::string::npos);
  CHECK(ErrorOf("machines:\n  - {cores: 8, memory_gib: 1, runs: workers}\n")
            .find("cluster.yaml:1:1: machines: none of "
                  "them may run servers") == 0);
  CHECK(absl::IsInvalidArgument(LoadCluster("/nowhere/cluster.yaml").status()));
}

TEST_CASE("The cluster of this machine is one that a file could say") {
  const v1::Cluster cluster = ThisMachine();
  REQUIRE(cluster.machines_size() == 1);
  CHECK(cluster.machines(0).cores() >= 1);
  CHECK(cluster.machines(0).memory_gib() > 0.1);
  CHECK_FALSE(cluster.has_worker());
}

}  // namespace
}  // namespace pumasi
