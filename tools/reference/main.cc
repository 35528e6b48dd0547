// reference NAME: the table of one schema, for docs/. tools/reference/docs.py puts it in its place.
#include <cstdio>
#include <map>
#include <string>

#include "common/exit_code.h"
#include "proto/cluster.pb.h"
#include "proto/config.pb.h"
#include "proto/job.pb.h"
#include "tools/reference/reference.h"

int main(int argc, char** argv) {
  const std::map<std::string, const google::protobuf::Descriptor*> types = {
      {"job", pumasi::v1::Job::descriptor()},
      {"scheduler", pumasi::v1::SchedulerConfig::descriptor()},
      {"server", pumasi::v1::ServerConfig::descriptor()},
      {"worker", pumasi::v1::WorkerConfig::descriptor()},
      {"client", pumasi::v1::ClientConfig::descriptor()},
      {"cluster", pumasi::v1::Cluster::descriptor()}};
  const auto type = argc == 2 ? types.find(argv[1]) : types.end();
  if (type == types.end()) {
    std::fprintf(stderr, "Usage: reference job|scheduler|server|worker|client|cluster\n");
    return pumasi::kExitBadInput;
  }
  std::printf("%s", pumasi::ReferenceTable(*type->second).c_str());
  return pumasi::kExitOk;
}
