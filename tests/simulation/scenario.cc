#include "tests/simulation/scenario.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/field_rules.h"
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

v1::Job DrawJob(Random random) {
  v1::Job job;
  job.set_name("job");
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

}  // namespace

std::string Scenario::ToString() const {
  return absl::StrCat("seed ", seed, ": ", servers, "+", spare_servers, " servers, ", workers, "+", spare_workers,
                      " workers, ", batches(), " batches of ", job.micro_batches(), " parts, ", job.slots(),
                      " slots x ", job.replicas(), ", checkpoint every ", job.checkpoint().every_batches(), ", ",
                      counts()                     ? "count"
                      : job.optimizer().has_adam() ? "adam"
                                                   : "sgd",
                      job.optimizer().has_clip() ? " clipped" : "", job.backup_workers() > 0 ? ", backup workers" : "");
}

Scenario DrawScenario(uint64_t seed, bool faults) {
  Random random = Random(seed).Stream("scenario");
  Scenario scenario;
  scenario.seed = seed;
  scenario.job = DrawJob(random.Stream("job"));
  scenario.servers = static_cast<uint32_t>(1 + random.Below(4));
  if (scenario.job.replicas() == 2 && scenario.servers < 2) scenario.servers = 2;
  scenario.workers = static_cast<uint32_t>(1 + random.Below(4));
  scenario.compute = random.Between(kMillisecond, 20 * kMillisecond);
  scenario.data.set_fingerprint("data");
  const uint64_t batches = 6 + random.Below(14);
  scenario.data.set_train_rows(batches * scenario.job.batch() - random.Below(scenario.job.batch()));
  scenario.data.set_test_rows(random.Chance(0.3) ? 40 : 0);
  scenario.data.set_vocabulary(50);
  scenario.data.set_classes(2);
  auto tables = PlanTables(scenario.job, scenario.data);
  if (!tables.ok()) std::abort();
  scenario.tables = *std::move(tables);
  scenario.drift = 0.001;
  if (!faults) return scenario;
  scenario.spare_servers = static_cast<uint32_t>(random.Below(2));
  scenario.spare_workers = static_cast<uint32_t>(random.Below(2));
  scenario.fault_phase = random.Between(2, 20) * kSecond;
  scenario.faults = DrawFaults(random.Stream("faults"));
  return scenario;
}

}  // namespace pumasi::sim
