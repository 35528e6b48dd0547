#include "tools/bench/exchange_workload.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/field_rules.h"
#include "common/layout/slots.h"
#include "common/model_plan.h"
#include "common/yaml_message.h"
#include "ops/embedding.h"
#include "tools/bench/exchange_counters.h"
#include "worker/input/synthetic.h"

namespace pumasi {
namespace {

// seed80m, but for the number of its rows.
const char kJob[] = R"yaml(
name: exchange
data: {synthetic: {rows: 1, words: 50, vocabulary: 266927, classes: 31, zipf: 1.05}}
model: [{embedding: {width: 300}}, {lstm: {units: 256}}, {dense: {activation: softmax}}]
)yaml";

// The text above is ours: what does not fit it is a mistake here.
void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "exchange: %s\n", std::string(status.message()).c_str());
  std::abort();
}

v1::Job MakeJob(const ExchangeShape& shape) {
  v1::Job job;
  Check(ParseYamlMessage(absl::StrCat(kJob, "optimizer: {", shape.optimizer, ": {}}\n"), "exchange", &job));
  job.set_batch(shape.rows * kExchangeClients);
  job.set_micro_batches(kExchangeClients);
  job.mutable_data()->mutable_synthetic()->set_rows(job.batch() * kExchangeBatches);
  Check(CompleteMessage(&job));
  return job;
}

void FillValues(std::vector<float>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const float size = 1e-5f * static_cast<float>(1 + i % 13);
    values[i] = i % 2 == 0 ? size : -size;
  }
}

}  // namespace

v1::Assignment MakeExchangeAssignment(const ExchangeShape& shape, const std::vector<v1::Node>& servers) {
  v1::Assignment assignment;
  v1::Job& job = *assignment.mutable_job() = MakeJob(shape);
  assignment.set_job_id(job.name());
  assignment.set_base("/");
  assignment.set_output("output");
  v1::DataSummary& data = *assignment.mutable_data();
  data.set_train_rows(job.data().synthetic().rows());
  data.set_vocabulary(job.data().synthetic().vocabulary());
  data.set_classes(job.data().synthetic().classes());
  const auto tables = PlanTables(job, data);
  Check(tables.status());
  for (const v1::TableSpec& table : *tables) {
    if (shape.dense || table.kind() == v1::TableSpec::ROWS) *assignment.add_tables() = table;
  }
  v1::Layout& layout = *assignment.mutable_layout();
  layout.set_epoch(1);
  for (const v1::Node& server : servers) {
    v1::Layout::Owner* owner = layout.add_servers();
    owner->set_node(server.name());
    owner->set_address(server.address());
    owner->set_incarnation(server.incarnation());
  }
  for (uint32_t slot = 0; slot < job.slots() && !servers.empty(); ++slot) {
    layout.add_slot_owner(slot % static_cast<uint32_t>(servers.size()));
  }
  for (uint32_t worker = 0; worker < kExchangeClients; ++worker) assignment.add_workers(1 + worker);
  return assignment;
}

absl::StatusOr<ExchangeIds> MakeExchangeIds(const v1::Assignment& assignment, uint32_t worker) {
  const v1::Job& job = assignment.job();
  const auto sources = SyntheticRows::Make(job.data().synthetic(), job.seed());
  if (!sources.ok()) return sources.status();
  const uint64_t rows = job.batch() / job.micro_batches();
  ExchangeIds batches;
  std::vector<uint32_t> tokens, labels, index;
  for (uint64_t batch = 0; batch < kExchangeBatches; ++batch) {
    std::vector<uint64_t> all, ids;
    for (uint64_t row = 0; row < rows; ++row) {
      sources->train->Get(batch * job.batch() + worker * rows + row, &tokens, &labels);
      all.insert(all.end(), tokens.begin(), tokens.end());
    }
    MergeIds(all.data(), all.size(), &ids, &index);
    batches.push_back(std::make_shared<const std::vector<uint64_t>>(std::move(ids)));
  }
  return batches;
}

GradientPool::GradientPool(std::vector<v1::TableSpec> tables, size_t most_ids)
    : tables_(std::move(tables)), most_ids_(most_ids) {}

std::unique_ptr<Gradient> GradientPool::Make() const {
  auto gradient = std::make_unique<Gradient>();
  gradient->rows.resize(tables_.size());
  gradient->dense.resize(tables_.size());
  for (size_t table = 0; table < tables_.size(); ++table) {
    const bool rows = tables_[table].kind() == v1::TableSpec::ROWS;
    std::vector<float>& values = rows ? gradient->rows[table].values : gradient->dense[table];
    values.resize(rows ? most_ids_ * tables_[table].columns() : DenseFloats(tables_[table]));
    FillValues(values);
  }
  return gradient;
}

std::shared_ptr<const Gradient> GradientPool::Of(const std::vector<uint64_t>& ids) {
  std::unique_ptr<Gradient> gradient;
  {
    std::lock_guard lock(free_->mutex);
    if (!free_->gradients.empty()) {
      gradient = std::move(free_->gradients.back());
      free_->gradients.pop_back();
    }
  }
  if (gradient == nullptr) gradient = Make();
  for (size_t table = 0; table < tables_.size(); ++table) {
    // (There are more values than ids have; nobody looks at the rest.)
    if (tables_[table].kind() == v1::TableSpec::ROWS) gradient->rows[table].ids = ids;
  }
  return {gradient.release(), [free = free_](const Gradient* used) {
            std::lock_guard lock(free->mutex);
            free->gradients.emplace_back(const_cast<Gradient*>(used));
          }};
}

}  // namespace pumasi
