// pumasi: the command line.
#include <CLI/CLI.hpp>
#include <string>

#include "common/exit_code.h"
#include "common/version.h"
#include "tools/cli/commands.h"

namespace pumasi {
namespace {

void AddCluster(CLI::App* command, ClusterFlags* flags) {
  command->add_option("--scheduler", flags->scheduler, "Address of the scheduler: HOST:PORT or unix:PATH");
  command->add_option("--config", flags->config, "YAML file with scheduler and tls (pumasi.yaml here if it is there)");
}

void AddJson(CLI::App* command, bool* json) { command->add_flag("--json", *json, "Print JSON, for scripts"); }

std::string Example(const std::string& lines) { return "Example:\n" + lines; }

int Main(int argc, char** argv) {
  CLI::App app("Pumasi trains models with very large embedding tables on a cluster.", "pumasi");
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of all commands");
  app.footer(Example("  pumasi train configs/jobs/sections.yaml --servers 2 --workers 2 --output runs/sections"));
  int code = kExitOk;

  TrainFlags train;
  auto* command = app.add_subcommand("train", "Start a cluster on this machine, train a job, stop the cluster");
  command->add_option("job", train.job_file, "Job file (YAML)")->required();
  command->add_option("--servers", train.servers, "Server processes (2; with mode: allreduce none)")
      ->check(CLI::Range(0, 1024));
  command->add_option("--workers", train.workers, "Worker processes")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--devices", train.devices, "Parts that each worker computes side by side")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--output", train.output, "Folder for the model, checkpoints and logs (pumasi-runs/NAME)");
  command->add_option("--resume", train.resume, "Checkpoint folder to continue from");
  command->add_option("--set", train.set, "Change a field of the job: --set optimizer.adam.learning_rate=0.01")
      ->type_name("PATH=VALUE");
  command->add_option("--cache", train.cache, "Folder for encoded data (~/.cache/pumasi)");
  command->add_option("--link", train.link,
                      "Give each daemon a host of its own, with TLS and a link of this rate each way: 1gbit, 100mbit, "
                      "none (network namespaces; takes root, or `unshare --user --map-root-user` before the command)");
  command->add_flag("--profile", train.profile, "Show where each worker's time goes, and what the speed depends on");
  command->add_option("--trace", train.trace, "Write what every daemon did when to a file, for Perfetto or Chrome");
  AddJson(command, &train.json);
  command->footer(Example("  pumasi train job.yaml --workers 4 --set epochs=2 --output runs/try"));
  command->callback([&] { code = Train(train); });

  PlanFlags plan;
  command = app.add_subcommand("plan", "How fast a job would train with which mode, servers and workers, and why");
  command->add_option("job", plan.job_file, "Job file (YAML)")->required();
  command->add_option("--cluster", plan.cluster, "YAML file with the machines and their speeds (this machine)");
  command->add_option("--servers", plan.servers, "So many; otherwise what is best");
  command->add_option("--workers", plan.workers, "So many; otherwise what is best");
  command->add_option("--micro_batches", plan.micro_batches, "So many parts of a batch; otherwise what is best");
  command->add_option("--set", plan.set, "Change a field of the job")->type_name("PATH=VALUE");
  command->add_option("--cache", plan.cache, "Folder for encoded data (~/.cache/pumasi)");
  command->add_flag("--measure,!--no_measure", plan.measure,
                    "Measure on this machine what the cluster's file does not say (the default)");
  AddJson(command, &plan.json);
  command->footer(
      Example("  pumasi plan job.yaml\n"
              "  pumasi plan job.yaml --cluster configs/clusters/plan.yaml --json"));
  command->callback([&] { code = MakePlan(plan); });

  SubmitFlags submit;
  command = app.add_subcommand("submit", "Give a job to a running cluster");
  command->add_option("job", submit.job_file, "Job file (YAML)")->required();
  command->add_option("--servers", submit.servers, "Start once this many servers are there")->capture_default_str();
  command->add_option("--workers", submit.workers, "Start once this many workers are there")->capture_default_str();
  command->add_option("--output", submit.output, "Output folder, below the scheduler's output root (NAME)");
  command->add_option("--resume", submit.resume, "Checkpoint folder to continue from, below the output root");
  command->add_option("--set", submit.set, "Change a field of the job")->type_name("PATH=VALUE");
  command->add_flag("--trace", submit.trace, "Keep what every daemon did when, for `pumasi watch --trace`");
  AddCluster(command, &submit.cluster);
  AddJson(command, &submit.json);
  command->footer(Example("  pumasi submit job.yaml --scheduler 127.0.0.1:7070 --workers 2"));
  command->callback([&] { code = Submit(submit); });

  JobFlags job;
  const auto add_job_command = [&](const char* name, const char* what, bool takes_job, int (*run)(const JobFlags&)) {
    auto* sub = app.add_subcommand(name, what);
    if (takes_job) sub->add_option("job", job.job_id, "The job's id, as `pumasi jobs` shows it")->required();
    if (run == Watch) {
      sub->add_option("--trace", job.trace, "At the end, write the trace of a job that keeps one (submit --trace)");
    }
    AddCluster(sub, &job.cluster);
    AddJson(sub, &job.json);
    sub->footer(Example(std::string("  pumasi ") + name + (takes_job ? " sections-3f9a2c" : "") +
                        " --scheduler 127.0.0.1:7070"));
    sub->callback([&job, &code, run] { code = run(job); });
  };
  add_job_command("jobs", "List the jobs of a cluster", false, ListJobs);
  add_job_command("watch", "Follow a job until it ends", true, Watch);
  add_job_command("cancel", "End a job", true, Cancel);
  add_job_command("resume", "Let a job that failed or was cancelled go on from its last checkpoint", true, Resume);
  add_job_command("nodes", "List the servers and workers of a cluster", false, ListNodes);

  DrainFlags drain;
  command = app.add_subcommand("drain", "Move everything off a server or worker, so that it can be ended");
  command->add_option("node", drain.node, "The node's name, as `pumasi nodes` shows it")->required();
  command->add_flag("--undo", drain.undo, "Let the node take part again");
  AddCluster(command, &drain.cluster);
  AddJson(command, &drain.json);
  command->footer(
      Example("  pumasi drain server-3 --scheduler 127.0.0.1:7070\n"
              "  pumasi drain server-3 --undo"));
  command->callback([&] { code = Drain(drain); });

  MetricsFlags metrics;
  command = app.add_subcommand("metrics", "What a daemon has counted, in the text format of Prometheus");
  command->add_option("--node", metrics.node,
                      "A server's or worker's name, as `pumasi nodes` shows it (the scheduler)");
  AddCluster(command, &metrics.cluster);
  AddJson(command, &metrics.json);
  command->footer(
      Example("  pumasi metrics --scheduler 127.0.0.1:7070\n"
              "  pumasi metrics --node server-3 --json"));
  command->callback([&] { code = NodeMetrics(metrics); });

  AuditFlags audit;
  command = app.add_subcommand("audit", "Whether a job applied every gradient exactly once, and who computed it");
  command->add_option("job", audit.job_id, "The job's id, as `pumasi jobs` shows it")->required();
  command->add_option("--first", audit.first, "First batch to list")->capture_default_str();
  command->add_option("--count", audit.count, "Batches to list; 0: the sums alone")->capture_default_str();
  AddCluster(command, &audit.cluster);
  AddJson(command, &audit.json);
  command->footer(
      Example("  pumasi audit sections-3f9a2c --scheduler 127.0.0.1:7070\n"
              "  pumasi audit sections-3f9a2c --first 500 --count 10 --json"));
  command->callback([&] { code = Audit(audit); });

  CompareFlags compare;
  command = app.add_subcommand("compare",
                               "Train a job in several ways, or take runs that are there: which is faster, and why");
  command->add_option("what", compare.what, "Job file (JOB.yaml), or two runs or more: folders of train --output")
      ->required();
  command
      ->add_option(
          "--modes", compare.modes,
          "How gradients meet, with commas: ps, allreduce, replicated, ring, ring_dense, hybrid (the job's own)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--workers", compare.workers, "Numbers of workers, with commas (1,2)")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024))
      ->allow_extra_args(false);
  command->add_option("--servers", compare.servers, "Numbers of servers, with commas (2)")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024))
      ->allow_extra_args(false);
  command
      ->add_option("--link", compare.links,
                   "Links of the daemons' hosts, with commas: 1gbit, 100mbit, none (without it: one host)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--vary", compare.vary, "Values of a field of the job: --vary wire=float32,bf16")
      ->type_name("PATH=A,B")
      ->allow_extra_args(false);
  command->add_option("--set", compare.set, "Change a field of the job in all runs")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_option("--repeat", compare.repeat, "Runs of each configuration")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--warm-up", compare.warm_up, "Runs before them that do not count")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->add_option("--deadline", compare.deadline, "Longest time of a run, in seconds")
      ->check(CLI::Range(1, 100000000))
      ->capture_default_str();
  command->add_option("--target", compare.target, "What shall be reached soonest: --target accuracy=0.8")
      ->type_name("MEASURE=NUMBER");
  command->add_option("--output", compare.output, "Folder for report.json, report.html and runs (pumasi-runs/compare)");
  command->add_option("--cache", compare.cache, "Folder for encoded data (~/.cache/pumasi)");
  command->add_flag("--keep", compare.keep, "Keep models and checkpoints");
  AddJson(command, &compare.json);
  command->footer(
      Example("  pumasi compare job.yaml --workers 1,2,4 --vary wire=float32,bf16 --output runs/compare\n"
              "  pumasi compare runs/first runs/second"));
  command->callback([&] { code = Compare(compare); });

  EvaluateFlags evaluate;
  command = app.add_subcommand("evaluate", "Loss and measures (accuracy, F1, ...) of a model on labelled data");
  command->add_option("model", evaluate.model, "Model folder")->required();
  command->add_option("--data", evaluate.data, "CSV file, folder or glob with the job's columns")->required();
  AddJson(command, &evaluate.json);
  command->footer(
      Example("  pumasi evaluate runs/sections/model --data test.csv\n"
              "  pumasi evaluate runs/sections/model --data 'parts/part-*.csv' --json"));
  command->callback([&] { code = Evaluate(evaluate); });

  CheckFlags check;
  command = app.add_subcommand("check", "Whether a model or checkpoint folder is whole: every byte is read");
  command->add_option("model", check.model, "Model or checkpoint folder")->required();
  AddJson(command, &check.json);
  command->footer(
      Example("  pumasi check runs/sections/model\n"
              "  pumasi check runs/sections/checkpoint-000000500 --json"));
  command->callback([&] { code = Check(check); });

  PredictFlags predict;
  command = app.add_subcommand("predict", "Labels, or numbers, for lines of text from standard input");
  command->add_option("model", predict.model, "Model folder")->required();
  command->add_option("--top", predict.top, "Most likely labels for each line; with several labels a row in JSON only")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  AddJson(command, &predict.json);
  command->footer(
      Example("  echo 'small text editor' | pumasi predict runs/sections/model --top 3\n"
              "  echo '17 4 908' | pumasi predict runs/pre-encoded/model --json"));
  command->callback([&] { code = Predict(predict); });

  InitFlags init;
  command = app.add_subcommand("init", "Make a certificate authority and certificates for a cluster's nodes");
  command->add_option("folder", init.folder, "Where to put them")->required();
  command->add_option("--node", init.nodes, "A node and the names and addresses that others dial it by")
      ->type_name("ROLE:NAME[=HOST,HOST]")
      ->required();
  AddJson(command, &init.json);
  command->footer(
      Example("  pumasi init certs --node scheduler:head=10.0.0.1 --node server:s1=10.0.0.2 "
              "--node worker:w1=10.0.0.3 --node client:me"));
  command->callback([&] { code = Init(init); });

  std::string shell;
  command = app.add_subcommand("completion", "Print a script that completes pumasi's commands in a shell");
  command->add_option("shell", shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
  command->footer(Example("  pumasi completion bash > /etc/bash_completion.d/pumasi"));
  command->callback([&] { code = Completion(shell); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitBadInput;
  }
  return code;
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
