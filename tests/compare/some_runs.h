// Runs as a small comparison would have them.
#ifndef PUMASI_TESTS_COMPARE_SOME_RUNS_H_
#define PUMASI_TESTS_COMPARE_SOME_RUNS_H_

#include <string>
#include <vector>

#include "tools/compare/run.h"

namespace pumasi {

// 1000 samples in 10 steps, two evaluations: accuracy 0.5 in the middle, 0.75 at the end; no shares.
inline Run SomeRun(const std::string& mode, uint32_t workers, double rows_per_s) {
  Run run;
  run.source = "runs/some";
  run.state = "done";
  run.mode = mode;
  run.servers = 2;
  run.workers = workers;
  run.settings = {{"name", "small"}, {"seed", "1"}, {"batch", "100"}};
  run.samples = 1000;
  run.steps = 10;
  run.rows_per_s = rows_per_s;
  run.train_seconds = 1000 / rows_per_s;
  run.wall_seconds = run.train_seconds + 2;
  run.bytes_pulled = 50000;
  run.bytes_pushed = 20000;
  run.parameters_sha256 = "abcdef0123456789";
  run.metric = "accuracy";
  const double seconds = run.train_seconds;
  run.tests = {{seconds / 2, 500, 1.0, 0.5}, {seconds, 1000, 0.5, 0.75}};
  run.curve = {{seconds / 4, 250, 2.0}, {seconds / 2, 500, 1.5}, {seconds, 1000, 1.0}};
  return run;
}

// With what its time goes into; the rest of the time it computes.
inline Run WithShares(Run run, double link, double server) {
  run.shares = {{"compute", 1 - link - server}, {"pull", link * 0.75}, {"push", link * 0.25}, {"apply", server}};
  const bool by_link = link > server;
  run.bottleneck = FoundBottleneck{by_link ? "network" : "server", by_link ? link : server, "",
                                   by_link ? "network: workers wait for values" : "server: workers wait for servers"};
  return run;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_COMPARE_SOME_RUNS_H_
