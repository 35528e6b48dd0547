#include "tests/cluster/undisturbed.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"

namespace pumasi {

const nlohmann::json& Undisturbed() {
  static const nlohmann::json result = [] {
    TempFolder folder;
    WriteSmallJob(folder.path(), kRows, kEpochs);
    const ProgramResult run = Pumasi({"train", folder / "job.yaml", "--json", "--servers", "1", "--workers", "1",
                                      "--output", folder / "out", "--cache", folder / "cache"});
    INFO(run.errors);
    REQUIRE(run.code == 0);
    return nlohmann::json::parse(run.output);
  }();
  return result;
}

void CheckUndisturbed(const v1::JobStatus& status) {
  INFO(status.ShortDebugString());
  REQUIRE(status.state() == v1::DONE);
  CHECK(status.parameters_sha256() == Undisturbed()["parameters_sha256"].get<std::string>());
  CHECK(status.progress().version() == kBatches);
  CHECK(status.samples() == uint64_t{kRows} * kEpochs);
  CHECK(status.epochs_done_size() == kEpochs);
  CHECK(status.evaluations_size() == kEpochs);
}

}  // namespace pumasi
