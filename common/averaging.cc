#include "common/averaging.h"

#include <algorithm>

namespace pumasi {

bool Averages(const v1::Job& job) { return job.average_every().kind_case() != v1::AverageEvery::KIND_NOT_SET; }

ElasticRule ElasticRuleOf(const v1::Job& job) {
  const double share = job.average_every().elastic();
  return Averages(job) && share > 0 ? ElasticRule{job.micro_batches(), share} : ElasticRule();
}

BatchPlan PlanOf(const v1::Job& job, uint64_t train_rows) {
  const uint64_t batch = job.batch();
  const uint32_t parts = job.micro_batches();
  switch (job.average_every().kind_case()) {
    case v1::AverageEvery::kBatches:
      return {train_rows, batch * job.average_every().batches() * parts, parts};
    case v1::AverageEvery::kEpochs:
      return {train_rows, train_rows, parts};
    default:
      return {train_rows, batch, parts};
  }
}

v1::Optimizer HoldersOptimizer(const v1::Job& job) {
  if (!Averages(job)) return job.optimizer();
  v1::Optimizer optimizer;
  optimizer.mutable_sgd()->set_learning_rate(1);
  optimizer.mutable_sgd()->set_momentum(job.average_every().block_momentum());
  return optimizer;
}

uint64_t LanePlan::Batches(uint64_t round) const {
  const uint64_t rows = (rounds.Batch(round).size() + rounds.parts - 1) / rounds.parts;
  return (rows + batch - 1) / batch;
}

uint64_t LanePlan::BatchesBefore(uint64_t version) const {
  const uint64_t last = rounds.BatchesPerEpoch() - 1;
  const uint64_t full = Batches(0);
  return rounds.EpochOf(version) * (last * full + Batches(last)) + rounds.BatchOf(version) * full;
}

RowRange LanePlan::Batch(uint64_t round, uint32_t lane, uint64_t index) const {
  const RowRange rows = rounds.Part(round, lane);
  const uint64_t first = std::min(rows.first + index * batch, rows.end);
  return {first, std::min(first + batch, rows.end)};
}

uint32_t LanePlan::Lanes(uint64_t round) const {
  return static_cast<uint32_t>(std::min<uint64_t>(rounds.parts, rounds.Batch(round).size()));
}

LanePlan LanePlanOf(const v1::Job& job, uint64_t train_rows) { return {PlanOf(job, train_rows), job.batch()}; }

}  // namespace pumasi
