#include "tools/plan/cluster_file.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "common/field_rules.h"
#include "common/file.h"
#include "common/source_map.h"
#include "common/yaml_message.h"

namespace pumasi {

absl::StatusOr<v1::Cluster> LoadCluster(const std::string& path) {
  v1::Cluster cluster;
  SourceMap source;
  if (absl::Status status = ReadYamlMessage(RealFiles(), path, &cluster, &source); !status.ok()) {
    return absl::InvalidArgumentError(status.message());
  }
  if (absl::Status status = CompleteMessage(&cluster, source); !status.ok()) return status;
  bool workers = false, servers = false;
  for (const v1::Machine& machine : cluster.machines()) {
    workers |= machine.runs() != v1::MACHINE_USE_SERVERS;
    servers |= machine.runs() != v1::MACHINE_USE_WORKERS;
  }
  if (!workers)
    return source.Error("machines", "none of them may run workers; give one `runs: all` or `runs: workers`");
  if (!servers)
    return source.Error("machines", "none of them may run servers; give one `runs: all` or `runs: servers`");
  return cluster;
}

v1::Cluster ThisMachine() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const bool known = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
  const double bytes = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  v1::Cluster cluster;
  v1::Machine* machine = cluster.add_machines();
  machine->set_count(1);
  machine->set_cores(static_cast<uint32_t>(known ? std::max(1, CPU_COUNT(&allowed)) : 1));
  machine->set_memory_gib(bytes / (1 << 30));
  machine->set_link_gbit(0);
  machine->set_speed(1);
  machine->set_runs(v1::MACHINE_USE_ALL);
  return cluster;
}

}  // namespace pumasi
