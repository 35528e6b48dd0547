#include "tools/chaos/flags.h"

#include <CLI/CLI.hpp>

#include "common/exit_code.h"
#include "common/version.h"

namespace pumasi {
namespace {

void AddModes(CLI::App& app, ChaosFlags* flags) {
  app.add_flag("--partitions", flags->partitions,
               "Each daemon on a host of its own (network namespace, TLS), so that it can be cut off; needs root");
  app.add_option("--disk", flags->disk,
                 "The job's output on a disk of its own, in memory, of so many MiB (gone at the end); needs root")
      ->type_name("MIB")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--slow-worker", flags->slow_worker,
                 "Instead: one worker gets this share of the time; prints the throughput against the ideal")
      ->type_name("SHARE")
      ->check(CLI::Range(0.01, 1.0));
  app.add_option("--oversubscribe", flags->oversubscribe,
                 "So many threads that compute nothing for each core; without --faults nothing else is done")
      ->type_name("FACTOR")
      ->check(CLI::Range(0.1, 100.0));
  app.add_option("--scheduler-away", flags->scheduler_away, "Instead: the scheduler is killed, and back after so long")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e6));
}

void AddFaults(CLI::App& app, ChaosFlags* flags) {
  app.add_option("--seed", flags->seed, "What the faults are drawn from")->capture_default_str();
  app.add_option("--every", flags->every,
                 "Seconds between two faults, on average (5); with restart: from stable to the next (1)")
      ->check(CLI::Range(0.01, 1e6));
  app.add_option(
      "--times", flags->times,
      "So many faults, then the job goes on in peace (no end; 100 with restart); one that finds nobody to hit "
      "does not count");
  app.add_option("--for", flags->disturb_for,
                 "Seconds of faults, then the job goes on in peace (to its end); with --slow-worker: of each run (20)")
      ->check(CLI::Range(0.0, 1e9));
  app.add_option("--targets", flags->targets, "Whom it hits: scheduler, server, worker")
      ->delimiter(',')
      ->check(CLI::IsMember({"scheduler", "server", "worker"}))
      ->capture_default_str();
  app.add_option(
         "--faults", flags->faults,
         "What happens: kill, stop, slow (the default); with --partitions partition, oneway, partial, loss (the "
         "default then); with --disk full; restart alone: all daemons at once, again and again")
      ->delimiter(',');
}

}  // namespace

std::optional<int> ParseChaosFlags(int argc, char** argv, ChaosFlags* flags) {
  CLI::App app(
      "Trains a job on a cluster of this machine while daemons are killed, stopped, slowed and cut off, and checks "
      "that "
      "it ends, that every gradient was applied exactly once, and that the parameters are those of an undisturbed run.",
      "pumasi-chaos");
  app.set_version_flag("--version", kVersion);
  app.add_option("job", flags->job, "Job file (YAML)")->required();
  app.add_option("--set", flags->set, "Change a field of the job")->type_name("PATH=VALUE");
  app.add_option("--servers", flags->servers, "Server processes")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--workers", flags->workers, "Worker processes")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--output", flags->output, "New folder for databases, logs and models")->required();
  app.add_option("--cache", flags->cache, "Folder for encoded data (~/.cache/pumasi)");
  app.add_option("--deadline", flags->deadline, "Seconds within which a run has to end")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  AddFaults(app, flags);
  AddModes(app, flags);
  app.add_flag("--reference", flags->reference, "Train undisturbed first, and compare parameters and time with that");
  app.add_option("--expect", flags->expect, "The parameters_sha256 that has to come out")->excludes("--reference");
  app.add_option("--expect-seconds", flags->expect_seconds,
                 "How long the undisturbed run took (its `seconds`), for the goodput")
      ->excludes("--reference")
      ->check(CLI::Range(0.001, 1e9));
  app.add_flag("--json", flags->json, "Print JSON at the end, for scripts; what is done goes to standard error");
  app.footer(
      "Examples:\n"
      "  pumasi-chaos job.yaml --servers 3 --workers 3 --set replicas=2 --every 5 --reference --output runs/chaos\n"
      "  pumasi-chaos job.yaml --targets scheduler --faults kill --every 2 --times 100 --seed 7 --output runs/s\n"
      "  pumasi-chaos job.yaml --partitions --servers 3 --set replicas=2 --reference --output runs/partitions\n"
      "  pumasi-chaos job.yaml --faults restart --servers 9 --workers 10 --set checkpoint.every_batches=50 --output "
      "runs/r\n"
      "  pumasi-chaos job.yaml --slow-worker 0.1 --output runs/slow\n"
      "Exit codes: 0 all is as it has to be (goals that are not met are marked, no more); 1 it is not, or the job did "
      "not end; 2 wrong flags or files, or --partitions or --disk without the right to; 130 Ctrl-C.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitBadInput;
  }
  return std::nullopt;
}

}  // namespace pumasi
