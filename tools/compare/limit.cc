#include "tools/compare/limit.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/compare/figures.h"

namespace pumasi {
namespace {

LimitKind KindOf(const FoundBottleneck& found) {
  if (found.kind == "scheduler") return LimitKind::kParts;
  if (!found.node.empty() &&
      absl::StartsWith(found.sentence, absl::StrCat(found.kind, ": ", found.node, " is slower"))) {
    return LimitKind::kStragglers;
  }
  if (found.kind == "compute") return LimitKind::kCompute;
  if (found.kind == "network") return LimitKind::kLink;
  if (found.kind == "server") return LimitKind::kServer;
  if (found.kind == "input") return LimitKind::kInput;
  return LimitKind::kUnknown;
}

}  // namespace

Limit FindLimit(const Run& run) {
  if (run.cores_used && run.cores && *run.cores_used >= kCoresBusy * *run.cores) {
    return {LimitKind::kCores, absl::StrFormat("its processes keep %.1f of the machine's %s busy", *run.cores_used,
                                               Counted(static_cast<uint64_t>(*run.cores), "core"))};
  }
  if (!run.bottleneck) return {LimitKind::kUnknown, "it does not tell where its time went"};
  const LimitKind kind = KindOf(*run.bottleneck);
  // The sentence begins with the kind as the scheduler calls it.
  std::string sentence = run.bottleneck->sentence;
  const std::string prefix = absl::StrCat(run.bottleneck->kind, ": ");
  if (absl::StartsWith(sentence, prefix)) sentence = sentence.substr(prefix.size());
  return {kind, sentence};
}

const char* LimitName(LimitKind kind) {
  switch (kind) {
    case LimitKind::kCores:
      return "cores";
    case LimitKind::kCompute:
      return "compute";
    case LimitKind::kLink:
      return "link";
    case LimitKind::kServer:
      return "server";
    case LimitKind::kStragglers:
      return "stragglers";
    case LimitKind::kInput:
      return "input";
    case LimitKind::kParts:
      return "parts";
    case LimitKind::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace pumasi
