// The commands as their users type them.
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

// The path of the first shard file of a model, by name.
std::string FirstShard(const std::string& model) {
  std::string first;
  for (const auto& entry : std::filesystem::directory_iterator(model)) {
    const std::string path = entry.path().string();
    if (entry.path().filename().string().rfind("shard-", 0) == 0 && (first.empty() || path < first)) first = path;
  }
  return first;
}

}  // namespace

TEST_CASE("train, evaluate and predict agree about a model") {
  TempFolder folder;
  WriteSmallJob(folder.path());
  ProgramResult result =
      Pumasi({"train", folder / "job.yaml", "--json", "--output", folder / "out", "--cache", folder / "cache"});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  const json trained = json::parse(result.output);
  for (const char* key : {"job", "state", "mode", "servers", "workers", "epochs", "samples", "rows_per_s", "wall_s",
                          "loss", "test", "parameters_sha256", "bytes_pulled", "bytes_pushed", "model"}) {
    CAPTURE(key);
    CHECK(trained.contains(key));
  }
  CHECK(trained["state"] == "done");
  CHECK(trained["mode"] == "ps");
  CHECK(trained["bytes_pulled"] > 100000);
  CHECK(trained["bytes_pushed"] > 100000);

  const std::string model = trained["model"];
  result = Pumasi({"evaluate", model, "--data", folder / "test.csv", "--json"});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  const json evaluated = json::parse(result.output);
  CHECK(evaluated["samples"] == 300);
  CHECK(evaluated["accuracy"] == trained["test"]["accuracy"]);
  CHECK(evaluated["loss"].get<double>() == Approx(trained["test"]["loss"].get<double>()).epsilon(1e-9));

  result = Pumasi({"check", model, "--json"});
  REQUIRE(result.code == 0);
  CHECK(json::parse(result.output)["parameters_sha256"] == trained["parameters_sha256"]);
  CHECK(json::parse(result.output)["whole"] == true);

  result = Pumasi({"predict", model, "--top", "2", "--json"}, "chess puzzle game\nproxy daemon\n\n");
  INFO(result.errors);
  REQUIRE(result.code == 0);
  std::istringstream lines(result.output);
  std::vector<json> predictions;
  for (std::string line; std::getline(lines, line);) predictions.push_back(json::parse(line));
  REQUIRE(predictions.size() == 3);
  CHECK(predictions[0]["label"] == "class2");
  CHECK(predictions[1]["label"] == "class1");
  CHECK(predictions[0]["top"].size() == 2);
  CHECK(predictions[0]["probability"] > 0.5);
}

TEST_CASE("check finds a byte that changed, a file that is gone and a folder that is no model") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 200, 1);
  ProgramResult result =
      Pumasi({"train", folder / "job.yaml", "--json", "--output", folder / "out", "--cache", folder / "cache"});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  const std::string model = folder / "out/model", shard = FirstShard(model);
  CHECK(Pumasi({"check", model}).code == 0);
  {
    std::fstream file(shard, std::ios::in | std::ios::out | std::ios::binary);
    REQUIRE(file.good());
    file.seekg(40);
    const char byte = static_cast<char>(file.get() ^ 4);
    file.seekp(40);
    file.put(byte);
  }
  result = Pumasi({"check", model});
  CHECK(result.code == 1);
  CHECK_THAT(result.errors, Contains(shard.substr(model.size())));
  std::remove(shard.c_str());
  result = Pumasi({"check", model, "--json"});
  CHECK(result.code != 0);
  CHECK(json::parse(result.output)["whole"] == false);
  CHECK(Pumasi({"check", folder.path()}).code != 0);
}

TEST_CASE("a model folder that moved, without anything beside it, still predicts; a damaged one is refused") {
  TempFolder folder, elsewhere;
  WriteSmallJob(folder.path(), 300, 1);
  REQUIRE(
      Pumasi({"train", folder / "job.yaml", "--json", "--output", folder / "out", "--cache", folder / "cache"}).code ==
      0);
  std::filesystem::rename(folder / "out/model", elsewhere / "m");
  std::filesystem::remove_all(folder / "out");
  CHECK(Pumasi({"predict", elsewhere / "m"}, "chess\n").code == 0);
  const std::string shard = FirstShard(elsewhere / "m");
  std::filesystem::resize_file(shard, std::filesystem::file_size(shard) - 1);
  const ProgramResult result = Pumasi({"predict", elsewhere / "m"}, "chess\n");
  CHECK(result.code == 1);
  CHECK_THAT(result.errors, Contains("/shard-"));
}

TEST_CASE("bad input is refused with exit code 2, and says where and what would be right") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 100, 1);
  const std::string text = [&] {
    std::ostringstream contents;
    contents << std::ifstream(folder / "job.yaml").rdbuf();
    return contents.str();
  }();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    std::ofstream(folder / "bad.yaml") << changed;
    const ProgramResult result = Pumasi({"train", folder / "bad.yaml", "--output", folder / "out"});
    CHECK(result.code == 2);
    CHECK_THAT(result.errors, Contains("bad.yaml:"));
    return result.errors;
  };
  CHECK_THAT(with("units: 10", "unitz: 10"), Contains("bad.yaml:6") && Contains("unitz") && Contains("units"));
  CHECK_THAT(with("width: 12", "width: 0"), Contains("bad.yaml:5") && Contains("width") && Contains("1"));
  CHECK_THAT(with("width: 12", "width: wide"), Contains("bad.yaml:5") && Contains("wide"));
  CHECK_THAT(with("micro_batches: 4", "micro_batches: 5"), Contains("bad.yaml:10") && Contains("divisor"));
  CHECK_THAT(with("label: label", "label: lable"), Contains("lable") && Contains("label"));
  CHECK_THAT(with("train: train.csv", "train: trian.csv"), Contains("trian.csv"));
  CHECK_THAT(with("kind: words", "kind: wrods"), Contains("wrods") && Contains("words"));
  CHECK_THAT(with("batch: 32", "mode: gossip\nbatch: 32"), Contains("gossip") && Contains("ps, allreduce, hybrid"));
  CHECK_THAT(with("  - embedding: {width: 12}\n", ""), Contains("embedding"));

  CHECK(Pumasi({"train", folder / "nowhere.yaml"}).code == 2);
  CHECK(Pumasi({"trian"}).code == 2);
  CHECK(Pumasi({"train", folder / "job.yaml", "--set", "epoch=2"}).code == 2);
  CHECK_THAT(Pumasi({"train", folder / "job.yaml", "--set", "epoch=2"}).errors, Contains("epochs"));
  CHECK(Pumasi({"predict", folder / "nowhere"}, "x\n").code != 0);
}

TEST_CASE("every command has help with an example") {
  for (const std::string command : {"train", "submit", "jobs", "watch", "cancel", "resume", "nodes", "drain", "metrics",
                                    "audit", "compare", "evaluate", "check", "predict", "init", "completion"}) {
    CAPTURE(command);
    const ProgramResult help = Pumasi({command, "--help"});
    CHECK(help.code == 0);
    CHECK_THAT(help.output, Contains("Example:") && Contains("pumasi " + command));
    CHECK_THAT(Pumasi({"--help"}).output, Contains(command));
  }
  CHECK_THAT(Pumasi({"completion", "bash"}).output, Contains("complete "));
}

TEST_CASE("submit, jobs, watch, nodes and cancel against a running cluster") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  JobOnCluster cluster(folder, 2, 1);
  const std::string scheduler = cluster.link().address();
  ProgramResult result = Pumasi({"submit", folder / "job.yaml", "--scheduler", scheduler, "--servers", "2", "--output",
                                 folder / "submitted", "--json"});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  const std::string job = json::parse(result.output)["job"];
  result = Pumasi({"watch", job, "--scheduler", scheduler, "--json"});
  REQUIRE(result.code == 0);
  const json watched = json::parse(result.output);
  CHECK(watched["state"] == "done");
  CHECK(watched["samples"] == 1000);
  CHECK(std::filesystem::exists(folder / "submitted/model/manifest.json"));

  result = Pumasi({"jobs", "--scheduler", scheduler, "--json"});
  REQUIRE(result.code == 0);
  CHECK(json::parse(result.output)[0]["job"] == job);
  result = Pumasi({"nodes", "--scheduler", scheduler, "--json"});
  REQUIRE(result.code == 0);
  CHECK(json::parse(result.output).size() == 3);

  result = Pumasi(
      {"submit", folder / "job.yaml", "--scheduler", scheduler, "--workers", "9", "--output", folder / "b", "--json"});
  REQUIRE(result.code == 0);
  const std::string waiting = json::parse(result.output)["job"];
  CHECK_THAT(Pumasi({"jobs", "--scheduler", scheduler}).output, Contains("1 of 9 workers"));
  CHECK(Pumasi({"cancel", waiting, "--scheduler", scheduler}).code == 0);
  CHECK(Pumasi({"cancel", waiting, "--scheduler", scheduler}).code == 1);
  CHECK(Pumasi({"watch", waiting, "--scheduler", scheduler}).code == 1);
  CHECK_THAT(Pumasi({"watch", "no-such-job", "--scheduler", scheduler}).errors, Contains("no-such-job"));
}

TEST_CASE("a scheduler that is not there is told by its address, with exit code 3") {
  TempFolder folder;
  std::ofstream(folder / "pumasi.yaml") << "scheduler: unix:" << folder.path() << "/nobody.sock\ntimeout: 0.3\n";
  const ProgramResult result = Pumasi({"jobs", "--config", folder / "pumasi.yaml"});
  CHECK(result.code == 3);
  CHECK_THAT(result.errors, Contains("nobody.sock"));
}

}  // namespace pumasi
