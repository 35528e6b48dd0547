#include "tools/plan/machines.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pumasi {
namespace {

// Cuts `count` in proportion to `weights`, by largest remainders. Empty: no weight is above zero.
std::vector<uint32_t> Apportion(uint32_t count, const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (sum <= 0) return {};
  std::vector<uint32_t> shares;
  std::vector<std::pair<double, size_t>> rest;
  uint32_t given = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double exact = count * weights[i] / sum;
    shares.push_back(static_cast<uint32_t>(exact));
    given += shares.back();
    rest.emplace_back(shares.back() - exact, i);
  }
  std::sort(rest.begin(), rest.end());
  for (size_t i = 0; given < count; ++i, ++given) ++shares[rest[i % rest.size()].second];
  return shares;
}

}  // namespace

std::vector<MachineGroup> GroupsOf(const v1::Cluster& cluster) {
  std::vector<MachineGroup> groups;
  for (const v1::Machine& machine : cluster.machines()) {
    groups.push_back({machine.count(), static_cast<double>(machine.cores()), machine.memory_gib() * (1 << 30),
                      machine.link_gbit() * 1e9 / 8, machine.speed(), machine.runs() != v1::MACHINE_USE_SERVERS,
                      machine.runs() != v1::MACHINE_USE_WORKERS});
  }
  return groups;
}

std::vector<Spot> Place(const std::vector<MachineGroup>& groups, uint32_t workers, uint32_t servers,
                        double worker_cores) {
  std::vector<double> weights;
  for (const MachineGroup& group : groups) {
    weights.push_back(group.workers ? group.count * group.cores * group.speed : 0);
  }
  const std::vector<uint32_t> of_workers = Apportion(workers, weights);
  if (of_workers.empty()) return {};
  for (size_t i = 0; i < groups.size(); ++i) {
    const double cores = groups[i].count * groups[i].cores;
    // A hundredth: where workers take all cores, servers still run beside them.
    weights[i] = groups[i].servers ? std::max(cores - of_workers[i] * worker_cores, cores / 100) : 0;
  }
  std::vector<uint32_t> of_servers(groups.size(), 0);
  if (servers > 0) of_servers = Apportion(servers, weights);
  if (of_servers.empty()) return {};
  std::vector<Spot> spots;
  for (size_t i = 0; i < groups.size(); ++i) {
    const uint32_t count = groups[i].count, w = of_workers[i], s = of_servers[i];
    // Machines in a row: those from the front have the workers that do not come out even, those from the back the
    // servers. So either has machines of its own while there are enough.
    const uint32_t more_workers = w % count, fewer_servers = count - s % count;
    std::vector<uint32_t> borders = {0, more_workers, fewer_servers, count};
    std::sort(borders.begin(), borders.end());
    for (size_t j = 1; j < borders.size(); ++j) {
      const uint32_t first = borders[j - 1], machines = borders[j] - first;
      const uint32_t workers_each = w / count + (first < more_workers ? 1 : 0);
      const uint32_t servers_each = s / count + (first >= fewer_servers ? 1 : 0);
      if (machines == 0 || workers_each + servers_each == 0) continue;
      spots.push_back({&groups[i], static_cast<double>(machines), workers_each, servers_each});
    }
  }
  return spots;
}

}  // namespace pumasi
