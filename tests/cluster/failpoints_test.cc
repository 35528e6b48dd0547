// A daemon dies at each step of the protocol at which it can be told to (docs/testing.md, "Failpoints"), is started
// again, and the job comes to the parameters and the sums of an undisturbed one. PUMASI_FAILPOINT_SEEDS=20 tries each
// step at twenty different times instead of one.
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "common/failpoint.h"
#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

constexpr int kRows = 400, kEpochs = 2;
const char kSettings[] = "replicas: 2\ncheckpoint: {every_batches: 5}\n";

std::string VictimOf(const std::string& failpoint) {
  if (failpoint.rfind("scheduler.", 0) == 0) return "scheduler";
  return failpoint.rfind("worker.", 0) == 0 ? "worker-1" : "server-1";
}

// The job with the daemon that dies at the failpoint's `time`th time. Whether it died is in `died`.
v1::JobStatus RunWith(const std::string& failpoint, unsigned time, bool* died) {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, kSettings);
  JobOnCluster job(folder, 3, 2);
  const std::string victim = VictimOf(failpoint);
  setenv("PUMASI_FAILPOINTS", (failpoint + "=crash@" + std::to_string(time)).c_str(), 1);
  REQUIRE(job.Restart(victim).ok());
  unsetenv("PUMASI_FAILPOINTS");
  *died = false;
  const auto mend = [&] {
    if (*died || job.cluster().Find(victim)->Running()) return;
    *died = true;
    REQUIRE(job.Restart(victim).ok());
  };
  job.SubmitWhile(mend);
  return job.WaitForEndWhile(mend);
}

}  // namespace

TEST_CASE("a daemon may die at each step of the protocol") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, kSettings);
  const ProgramResult undisturbed = Pumasi({"train", folder / "job.yaml", "--json", "--servers", "2", "--workers", "1",
                                            "--output", folder / "out", "--cache", folder / "cache"});
  INFO(undisturbed.errors);
  REQUIRE(undisturbed.code == 0);
  const auto expected = nlohmann::json::parse(undisturbed.output)["parameters_sha256"].get<std::string>();
  const char* seeds = getenv("PUMASI_FAILPOINT_SEEDS");
  const int most = seeds == nullptr ? 1 : std::max(1, atoi(seeds));
  int runs = 0, deaths = 0;
  for (const std::string& failpoint : FailpointNames()) {
    for (int seed = 1; seed <= most; ++seed) {
      // Early times are the interesting ones, and every step comes that often.
      const unsigned time = seed == 1 ? 2 : 1 + std::minstd_rand(seed)() % 30;
      CAPTURE(failpoint, seed, time);
      bool died = false;
      const v1::JobStatus status = RunWith(failpoint, time, &died);
      INFO(status.ShortDebugString());
      REQUIRE(status.state() == v1::DONE);
      REQUIRE(status.parameters_sha256() == expected);
      REQUIRE(status.samples() == uint64_t{kRows} * kEpochs);
      ++runs;
      deaths += died;
      if (!died && seed == 1) std::printf("%s: no second time in this job\n", failpoint.c_str());
    }
  }
  std::printf("%d runs, %d daemons died at their failpoint\n", runs, deaths);
  CHECK(deaths * 2 > runs);
}

}  // namespace pumasi
