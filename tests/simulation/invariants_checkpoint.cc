// Invariants' side of checkpoints, and of the end.
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/checkpoint/model_folder.h"
#include "common/layout/slots.h"
#include "server/shard.h"
#include "tests/simulation/invariants.h"

namespace pumasi::sim {

absl::StatusOr<Reference::Values> Invariants::Load(const std::string& folder, uint64_t* version) const {
  // What is looked at is the disk, not the luck of reading it.
  const DiskFaults faults = std::exchange(files_.faults, {});
  auto values = LoadLuckily(folder, version);
  files_.faults = faults;
  return values;
}

absl::StatusOr<Reference::Values> Invariants::LoadLuckily(const std::string& folder, uint64_t* version) const {
  const auto model = ModelFolder::Open(files_, folder);
  if (!model.ok()) return model.status();
  if (absl::Status status = (*model)->Verify(); !status.ok()) return status;
  *version = (*model)->manifest().progress().version();
  Shard::Options options;
  options.job = scenario_.job;
  // All digits of what was stored.
  options.job.set_wire(v1::WIRE_FLOAT32);
  options.tables = scenario_.tables;
  options.incarnation = 1;
  options.first_version = *version;
  options.layout.set_epoch(1);
  options.layout.add_servers()->set_incarnation(1);
  for (uint32_t slot = 0; slot < scenario_.job.slots(); ++slot) options.layout.add_slot_owner(0);
  auto shard = Shard::Create(options);
  if (!shard.ok()) return shard.status();
  if (absl::Status status = (*shard)->Load(**model); !status.ok()) return status;

  v1::PullRequest request;
  request.set_version(*version);
  request.set_dense(true);
  Reference::Values values;
  for (uint32_t table = 0; table < scenario_.tables.size(); ++table) {
    const v1::TableSpec& spec = scenario_.tables[table];
    values.emplace_back(spec.rows() * spec.columns());
    if (spec.kind() != v1::TableSpec::ROWS) continue;
    v1::RowKeys* keys = request.add_rows();
    keys->set_table(table);
    for (uint64_t id = 0; id < spec.rows(); ++id) keys->add_deltas(id == 0 ? 0 : 1);
  }
  OutgoingPull answer;
  if (absl::Status status = (*shard)->Pull(request, &answer); !status.ok()) return status;
  const v1::PullResponse response = ToMessage(answer);
  for (const v1::RowValues& rows : response.rows()) {
    std::memcpy(values[rows.table()].data(), rows.values().data(), rows.values().size());
  }
  for (const v1::DenseChunk& chunk : response.dense()) {
    std::memcpy(values[chunk.table()].data() + chunk.chunk() * kChunkFloats, chunk.values().data(),
                chunk.values().size());
  }
  return values;
}

void Invariants::CheckpointCompleted(const std::string& output, const JobRun::FinishCheckpoint& checkpoint) {
  uint64_t version = 0;
  const auto values = Load(absl::StrCat(output, "/", checkpoint.name), &version);
  if (!values.ok()) {
    return world_.Fail(absl::StrCat("checkpoint ", checkpoint.name, " can't be loaded: ", values.status().ToString()));
  }
  if (const std::string wrong = reference_.Compare(version, *values); !wrong.empty()) {
    return world_.Fail(absl::StrCat("checkpoint ", checkpoint.name, " is no cut: ", wrong));
  }
  completed_[version] = checkpoint.name;
  if (checkpoint.final) model_ = absl::StrCat(output, "/", checkpoint.name);
}

void Invariants::CheckEnd(SchedulerNode& scheduler, const JobRun& job) {
  if (model_.empty()) return world_.Fail("the job is done, and there is no model");
  uint64_t version = 0;
  const auto values = Load(model_, &version);
  if (!values.ok()) return world_.Fail(absl::StrCat("the model can't be loaded: ", values.status().ToString()));
  std::string wrong =
      version == reference_.last() ? reference_.Compare(version, *values) : absl::StrCat("it is of version ", version);
  if (wrong.empty() && scenario_.counts()) wrong = reference_.CheckCounts(*values);
  if (!wrong.empty()) return world_.Fail(absl::StrCat("the model is wrong: ", wrong));

  const v1::AuditResponse audit = scheduler.Audit(job);
  const uint64_t parts = scenario_.batches() * scenario_.job.micro_batches();
  const uint64_t samples = scenario_.data.train_rows() * scenario_.job.epochs();
  if (audit.parts() != parts || audit.done() != parts || audit.samples() != samples ||
      audit.expected_samples() != samples) {
    return world_.Fail(absl::StrCat("the audit is not exact: ", audit.done(), " of ", audit.parts(), " parts (", parts,
                                    "), ", audit.samples(), " of ", audit.expected_samples(), " samples (", samples,
                                    ")"));
  }
  if (only_the_process_dies() && audit.outcome_unknown() > 0) {
    return world_.Fail(absl::StrCat("of ", audit.outcome_unknown(),
                                    " parts the outcome is unknown, though nobody but the scheduler died"));
  }
  std::set<uint64_t> versions;
  for (const v1::AuditBatch& batch : audit.batches()) {
    std::vector<int> done(scenario_.job.micro_batches());
    for (const v1::AuditBatch::Unit& unit : batch.units()) {
      for (uint32_t part = unit.first_part(); part < unit.end_part() && part < done.size(); ++part) ++done[part];
    }
    for (size_t part = 0; part < done.size(); ++part) {
      if (done[part] == 1) continue;
      return world_.Fail(
          absl::StrCat("by the audit part ", part, " of batch ", batch.version(), " was done ", done[part], " times"));
    }
    if (!versions.insert(batch.version()).second) {
      return world_.Fail(absl::StrCat("the audit has batch ", batch.version(), " twice"));
    }
  }
  if (versions.size() != scenario_.batches()) {
    world_.Fail(absl::StrCat("the audit has ", versions.size(), " of ", scenario_.batches(), " batches"));
  }
}

}  // namespace pumasi::sim
