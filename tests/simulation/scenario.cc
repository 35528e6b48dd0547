#include "tests/simulation/scenario.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/averaging.h"
#include "common/field_rules.h"
#include "common/job_mode.h"
#include "common/model_plan.h"

namespace pumasi::sim {
namespace {

void DrawOptimizer(Random& random, v1::Optimizer* optimizer) {
  switch (random.Below(5)) {
    case 0:
    case 1:
      optimizer->mutable_count();
      return;
    case 2:
      optimizer->mutable_sgd()->set_momentum(0.5);
      break;
    default:
      optimizer->mutable_adam()->set_learning_rate(0.01);
  }
  if (random.Below(4) == 0) optimizer->mutable_clip()->set_global_norm(0.1);
}

void DrawWire(Random random, v1::Job* job) {
  if (random.Chance(0.3)) return job->set_wire(v1::WIRE_BF16);
  static constexpr v1::Wire kWires[] = {v1::WIRE_FLOAT32, v1::WIRE_FLOAT32, v1::WIRE_FLOAT32, v1::WIRE_FLOAT32,
                                        v1::WIRE_FP16,    v1::WIRE_FP16,    v1::WIRE_ONEBIT,  v1::WIRE_TOPK};
  job->set_wire(random.OneOf(kWires, std::size(kWires)));
  if (IsReproducible(job->wire())) return;
  job->set_wire_fraction(0.3);
  // Two copies would differ, and a norm that is clipped would bring the difference into rows.
  job->set_durability(v1::DURABILITY_CHECKPOINT);
  job->set_replicas(1);
  job->mutable_optimizer()->clear_clip();
}

void DrawAverages(Random random, v1::Job* job) {
  if (!IsReproducible(job->wire()) || !random.Chance(0.1)) return;
  job->mutable_average_every()->set_batches(static_cast<uint32_t>(1 + random.Below(3)));
  if (random.Chance(0.5)) job->mutable_average_every()->set_block_momentum(0.5);
}

v1::Job DrawJob(Random random, uint32_t number) {
  v1::Job job;
  job.set_name(absl::StrCat("job", number));
  job.mutable_data()->mutable_synthetic()->set_rows(1);
  job.mutable_data()->mutable_synthetic()->set_vocabulary(50);
  job.add_model()->mutable_embedding()->set_width(2);
  job.add_model()->mutable_global_average_pooling1d();
  job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
  DrawOptimizer(random, job.mutable_optimizer());
  static constexpr uint32_t kParts[] = {1, 2, 3, 4, 4, 5, 8};
  job.set_batch(16);
  job.set_micro_batches(random.OneOf(kParts, std::size(kParts)));
  job.set_epochs(static_cast<uint32_t>(1 + random.Below(2)));
  job.set_seed(random());
  job.set_slots(static_cast<uint32_t>(4 + random.Below(8)));
  job.set_replicas(random.Chance(0.7) ? 2 : 1);
  job.set_backup_workers(static_cast<uint32_t>(random.Below(2)));
  // Far longer than any mishap: nothing that happens may end the job.
  job.set_stall_timeout(900);
  job.set_recover_timeout(3600);
  if (random.Chance(0.75)) job.mutable_checkpoint()->set_every_batches(1 + random.Below(8));
  if (job.checkpoint().every_batches() > 0 && random.Chance(0.5)) job.set_durability(v1::DURABILITY_BATCH);
  if (!job.optimizer().has_count()) DrawWire(random.Stream("wire"), &job);
  if (!job.optimizer().has_count()) DrawAverages(random.Stream("averages"), &job);
  job.mutable_checkpoint()->set_keep(static_cast<uint32_t>(1 + random.Below(3)));
  job.mutable_checkpoint()->set_full_every(static_cast<uint32_t>(1 + random.Below(4)));
  if (!ApplyFallbacks(&job).ok()) std::abort();
  return job;
}

// Each kind of mishap is there in some runs only: a run with all of them would hide what needs a quiet stretch.
double Rate(Random& random, double most) { return random.Chance(0.5) ? random.Unit() * most : 0; }

FaultRates DrawFaults(Random random) {
  FaultRates rates;
  rates.kill_server = Rate(random, 8);
  rates.kill_worker = Rate(random, 8);
  rates.kill_scheduler = Rate(random, 6);
  rates.freeze = Rate(random, 6);
  rates.partition = Rate(random, 6);
  rates.blackout = Rate(random, 1);
  rates.drain = Rate(random, 4);
  rates.leave = Rate(random, 3);
  rates.cancel = Rate(random, 2);
  rates.lose_servers = Rate(random, 3);
  rates.half_push = Rate(random, 6);
  rates.finish = Rate(random, 6);
  rates.join = Rate(random, 4);
  rates.wall_jump = Rate(random, 2);
  rates.disk = Rate(random, 3);
  rates.store = Rate(random, 3);
  static constexpr double kLoss[] = {0, 0, 0.01, 0.05, 0.2};
  rates.weather.loss = random.OneOf(kLoss, std::size(kLoss));
  rates.weather.duplicate = random.Chance(0.5) ? 0.1 : 0;
  rates.weather.late = random.Chance(0.4) ? 0.1 * random.Unit() : 0;
  rates.weather.longest = random.Chance(0.3) ? 5 * kSecond : 100 * kMillisecond;
  rates.weather.unnoticed = random.Chance(0.5) ? 0.1 : 0;
  return rates;
}

void PlanTheTables(Scenario* scenario) {
  auto tables = PlanTables(scenario->job, scenario->data);
  if (!tables.ok()) std::abort();
  scenario->tables = *std::move(tables);
}

// The job, and the data that it trains on.
void DrawWork(Random random, uint64_t batches, Scenario* scenario) {
  scenario->job = DrawJob(random.Stream("job"), scenario->number);
  scenario->data.set_fingerprint("data");
  const uint64_t batch = PlanOf(scenario->job, /*train_rows=*/1).batch;
  scenario->data.set_train_rows(batches * batch - random.Below(batch));
  scenario->data.set_test_rows(random.Chance(0.3) ? 40 : 0);
  scenario->data.set_vocabulary(50);
  scenario->data.set_classes(2);
  PlanTheTables(scenario);
}

// A job that goes back to a checkpoint again and again, while old messages still come and the disk reads badly, and is
// left alone otherwise.
void MakeItReturn(Random random, Scenario* scenario) {
  v1::Checkpoint& checkpoint = *scenario->job.mutable_checkpoint();
  checkpoint.set_every_batches(1 + random.Below(4));
  // Batches take long enough to be lost halfway, and the log of some takes longer.
  const Nanos batch = random.Between(50 * kMillisecond, 300 * kMillisecond);
  scenario->compute = batch * scenario->workers / scenario->job.micro_batches();
  if (random.Chance(0.5)) scenario->sync = 12 * batch;
  scenario->fault_phase = random.Between(10, 25) * kSecond;
  scenario->faults = {};
  scenario->faults.lose_servers = 2 + 3 * random.Unit();
  scenario->faults.partition = Rate(random, 4);
  scenario->faults.weather.duplicate = 0.3 * random.Unit();
  scenario->faults.weather.late = random.Chance(0.5) ? 0.05 : 0;
}

// Slots get new holders all the time, while messages to some of the holders are lost or late.
void MoveSlots(Random random, Scenario* scenario) {
  if (scenario->same_bits()) scenario->job.set_replicas(2);
  scenario->servers = static_cast<uint32_t>(3 + random.Below(2));
  scenario->spare_servers = 1;
  scenario->workers = static_cast<uint32_t>(2 + random.Below(3));
  scenario->compute = random.Between(20 * kMillisecond, 60 * kMillisecond);
  scenario->fault_phase = random.Between(10, 20) * kSecond;
  scenario->faults = {};
  scenario->faults.half_push = 4 + 6 * random.Unit();
  scenario->faults.drain = 4 + 6 * random.Unit();
  scenario->faults.join = 1;
  scenario->faults.partition = Rate(random, 4);
  scenario->faults.weather.loss = random.Chance(0.5) ? 0.05 : 0;
  scenario->faults.weather.late = 0.1 * random.Unit();
  scenario->faults.weather.unnoticed = random.Chance(0.5) ? 0.2 : 0;
}

void KillOnlyTheScheduler(Random random, Scenario* scenario) {
  scenario->job.set_backup_workers(0);
  scenario->spare_servers = scenario->spare_workers = 0;
  scenario->compute = random.Between(10 * kMillisecond, 100 * kMillisecond);
  scenario->fault_phase = random.Between(5, 20) * kSecond;
  scenario->faults = {};
  scenario->faults.only_scheduler = true;
  scenario->faults.power = random.Chance(0.3) ? 0.3 : 0;
  scenario->faults.kill_scheduler = 2 + 6 * random.Unit();
}

// Each worker holds all slots.
void Replicate(v1::Job* job) {
  job->mutable_allreduce()->set_state(v1::ALLREDUCE_STATE_REPLICATED);
  job->set_durability(v1::DURABILITY_CHECKPOINT);
  job->set_replicas(1);
  if (!IsReproducible(job->wire())) job->set_wire(v1::WIRE_FLOAT32);
}

// Parameters may lack updates. What is counted is exact all the same, so most jobs count.
void Loosen(Random random, Scenario* scenario) {
  v1::Job* job = &scenario->job;
  if (Averages(*job)) return;  // lanes meet at a round's end
  if (random.Chance(0.5)) {
    job->mutable_consistency()->mutable_async();
  } else {
    job->mutable_consistency()->mutable_bounded()->set_staleness(static_cast<uint32_t>(1 + random.Below(3)));
  }
  job->set_durability(v1::DURABILITY_CHECKPOINT);
  job->set_replicas(1);
  job->mutable_optimizer()->clear_clip();
  if (random.Chance(0.3)) return;
  job->mutable_optimizer()->mutable_count();
  job->set_wire(v1::WIRE_FLOAT32);
  PlanTheTables(scenario);
}

// Workers hold the slots, as many as there would be servers, or more.
void LeaveServersOut(Scenario* scenario) {
  scenario->job.set_mode(v1::MODE_ALLREDUCE);
  scenario->workers = std::max(scenario->workers, scenario->servers);
  scenario->spare_workers = std::max(scenario->spare_workers, scenario->spare_servers);
  scenario->servers = scenario->spare_servers = 0;
}

// Servers hold the rows, and each worker all dense tensors, or its share of them where rows may lack updates.
void LieApart(v1::Job* job) {
  job->set_mode(v1::MODE_HYBRID);
  if (!IsReproducible(job->wire())) job->set_wire(v1::WIRE_FLOAT32);
}

// Lanes that have parameters of their own, which only servers keep; half of the jobs in which that is possible.
void LetLanesStay(Random random, v1::Job* job) {
  const bool possible = Averages(*job) && job->mode() == v1::MODE_PS && job->micro_batches() > 1;
  if (!possible || !random.Chance(0.5)) return;
  job->mutable_average_every()->set_block_momentum(0);
  job->mutable_average_every()->set_elastic(random.Chance(0.5) ? 0.9 : 0.25);
  job->set_durability(v1::DURABILITY_CHECKPOINT);
}

Scenario DrawFirst(uint64_t seed, bool faults) {
  Random random = Random(seed).Stream("scenario");
  Scenario scenario;
  scenario.seed = seed;
  DrawWork(random.Stream("work"), 6 + random.Below(14), &scenario);
  scenario.servers = static_cast<uint32_t>(1 + random.Below(4));
  if (scenario.job.replicas() == 2 && scenario.servers < 2) scenario.servers = 2;
  scenario.workers = static_cast<uint32_t>(1 + random.Below(4));
  scenario.compute = random.Between(kMillisecond, 20 * kMillisecond);
  // From far less than a batch takes to far more.
  scenario.sync = kMillisecond << random.Below(10);
  scenario.drift = 0.001;
  if (!faults) return scenario;
  scenario.spare_servers = static_cast<uint32_t>(random.Below(2));
  scenario.spare_workers = static_cast<uint32_t>(random.Below(2));
  scenario.fault_phase = random.Between(2, 20) * kSecond;
  scenario.faults = DrawFaults(random.Stream("faults"));
  if (random.Chance(0.2)) {
    MakeItReturn(random.Stream("returns"), &scenario);
  } else if (random.Chance(0.12)) {
    KillOnlyTheScheduler(random.Stream("only the scheduler"), &scenario);
  } else if (random.Chance(0.2)) {
    MoveSlots(random.Stream("moves"), &scenario);
  }
  return scenario;
}

}  // namespace

std::string Scenario::ToString() const {
  const char* const lanes = IsElastic(job) ? " in elastic lanes" : Averages(job) ? " in lanes" : "";
  return absl::StrCat("seed ", seed, ": ", jobs > 1 ? absl::StrCat(jobs, " jobs, ") : "", servers, "+", spare_servers,
                      " servers, ", workers, "+", spare_workers, " workers, ", batches(), " batches of ",
                      job.micro_batches(), " parts, ", job.slots(),
                      KindsLieApart(job) ? " slots of each kind x " : " slots x ",
                      WorkersHoldAllSlots(job) ? "all" : absl::StrCat(job.replicas()), ", checkpoint every ",
                      job.checkpoint().every_batches(), ", ",
                      counts()                     ? "count"
                      : job.optimizer().has_adam() ? "adam"
                                                   : "sgd",
                      lanes, job.optimizer().has_clip() ? " clipped" : "", ", ", v1::Wire_Name(job.wire()),
                      has_log() ? ", with a log" : "",
                      IsAsync(job) ? ", async"
                      : in_order() ? ""
                                   : absl::StrCat(", bounded by ", StalenessOf(job)),
                      job.backup_workers() > 0 ? ", backup workers" : "");
}

std::vector<Scenario> DrawScenarios(uint64_t seed, bool faults) {
  std::vector<Scenario> scenarios = {DrawFirst(seed, faults)};
  // All jobs of a seed are with servers, or without, or with both.
  const bool members = Random(seed).Stream("mode").Chance(0.3);
  const bool apart = !members && Random(seed).Stream("apart").Chance(1.0 / 7);
  const bool replicated = members && Random(seed).Stream("state").Chance(1.0 / 3);
  if (members) LeaveServersOut(&scenarios[0]);
  if (replicated) Replicate(&scenarios[0].job);
  if (apart) LieApart(&scenarios[0].job);
  // All jobs of a seed wait for all updates, or for less, each in its own way.
  const bool loose = !members && Random(seed).Stream("loose").Chance(0.25);
  if (loose) Loosen(Random(seed).Stream("loosened"), &scenarios[0]);
  LetLanesStay(Random(seed).Stream("elastic"), &scenarios[0].job);
  Random random = Random(seed).Stream("more jobs");
  const auto jobs = static_cast<uint32_t>(random.Chance(0.3) ? 2 + random.Below(2) : 1);
  scenarios[0].jobs = jobs;
  for (uint32_t number = 1; number < jobs; ++number) {
    Scenario scenario = scenarios[0];
    scenario.number = number;
    DrawWork(random.Stream(absl::StrCat(number)), 3 + random.Below(5), &scenario);
    if (scenario.faults.only_scheduler) scenario.job.set_backup_workers(0);
    if (members) scenario.job.set_mode(v1::MODE_ALLREDUCE);
    if (replicated) Replicate(&scenario.job);
    if (apart) LieApart(&scenario.job);
    if (loose) Loosen(random.Stream(absl::StrCat("loosened ", number)), &scenario);
    LetLanesStay(random.Stream(absl::StrCat("elastic ", number)), &scenario.job);
    scenarios.push_back(std::move(scenario));
  }
  return scenarios;
}

std::string JobIdPrefix(uint32_t number) { return absl::StrCat("job", number, "-"); }

uint32_t JobNumberOf(const std::string& job_id) {
  return static_cast<uint32_t>(std::strtoul(job_id.c_str() + 3, nullptr, 10));
}

}  // namespace pumasi::sim
