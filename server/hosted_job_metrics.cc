// HostedJob, as monitoring sees it.
#include <array>

#include "common/layout/slot_roles.h"
#include "server/hosted_job.h"

namespace pumasi {

void HostedJob::AddMetrics(MetricSet* metrics) {
  std::lock_guard lock(mutex_);
  const std::string& job = hosting_.assignment().job_id();
  metrics->JobTime(job, times_.Total());
  const Shard* const shard = hosting_.shard();
  if (shard == nullptr) return;
  const auto number = [](uint64_t count) { return static_cast<double>(count); };
  metrics->Counter("pumasi_server_slot_batches_total", "Batches that slots have applied, summed over the slots.",
                   {{"job", job}}, number(shard->applied()));
  if (const auto version = shard->LeastVersion()) {
    metrics->Gauge("pumasi_server_version", "Batches that every slot here has applied.", {{"job", job}},
                   number(*version));
  }
  std::array<uint64_t, 4> slots{};
  for (const SlotRole role : RolesOf(shard->layout(), options_.incarnation)) ++slots[static_cast<size_t>(role)];
  for (const auto& [name, role] :
       {std::pair("primary", SlotRole::kPrimary), {"backup", SlotRole::kBackup}, {"filling", SlotRole::kFilling}}) {
    metrics->Gauge("pumasi_server_slots", "Slots that this server holds, by what it is for them.",
                   {{"job", job}, {"role", name}}, number(slots[static_cast<size_t>(role)]));
  }
  for (size_t i = 0; i < kMemoryUses; ++i) {
    const auto use = static_cast<MemoryUse>(i);
    metrics->Gauge("pumasi_server_memory_bytes", "Memory that memory_limit counts, by what it is for.",
                   {{"job", job}, {"use", ShortName(use)}}, number(shard->memory()->bytes(use)));
  }
  metrics->Gauge("pumasi_server_memory_limit_bytes", "memory_limit; 0: none.", {{"job", job}},
                 number(options_.memory_limit));
}

}  // namespace pumasi
