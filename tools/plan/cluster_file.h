// The cluster that a plan is for.
#ifndef PUMASI_TOOLS_PLAN_CLUSTER_FILE_H_
#define PUMASI_TOOLS_PLAN_CLUSTER_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/cluster.pb.h"

namespace pumasi {

// Of a YAML file (proto/cluster.proto), completed and checked. Errors are InvalidArgument with file, line and column,
// and with the nearest name for a key that is unknown; also where no machine may run workers, or servers.
absl::StatusOr<v1::Cluster> LoadCluster(const std::string& path);

// This machine alone: the cores that this process may use, all of its memory.
v1::Cluster ThisMachine();

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_CLUSTER_FILE_H_
