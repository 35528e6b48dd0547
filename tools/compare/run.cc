#include "tools/compare/run.h"

namespace pumasi {

std::string JobName(const Run& run) {
  const auto name = run.settings.find("name");
  return name == run.settings.end() ? "" : name->second;
}

double ShareOf(const Run& run, const std::string& name) {
  for (const auto& [other, share] : run.shares) {
    if (other == name) return share;
  }
  return 0;
}

double LinkShare(const Run& run) { return ShareOf(run, "pull") + ShareOf(run, "push"); }

double ServerShare(const Run& run) { return ShareOf(run, "serve") + ShareOf(run, "apply"); }

bool LowerIsBetter(const std::string& metric) { return metric == "rmse"; }

}  // namespace pumasi
