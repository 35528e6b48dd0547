#include "tools/compare/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/compare/figures.h"

namespace pumasi {
namespace {

constexpr size_t kLongestName = 60;

struct Mode {
  const char* name;
  std::vector<std::string> settings;
  bool servers;  // whether servers hold anything
};
// A mode that is not here is tried with `mode` of the same name, and with servers.
const Mode kModes[] = {
    {"ps", {"mode=ps"}, true},
    {"allreduce", {"mode=allreduce"}, false},
    {"replicated", {"mode=allreduce", "allreduce.state=replicated"}, false},
    {"ring", {"mode=allreduce", "allreduce.state=replicated", "allreduce.reduction=ring"}, false},
    {"ring_dense",
     {"mode=allreduce", "allreduce.state=replicated", "allreduce.reduction=ring", "allreduce.rows=dense"},
     false},
    {"hybrid", {"mode=hybrid"}, true},
};

struct Varied {
  std::string key;
  std::vector<std::string> values;
};

template <class T>
absl::Status CheckOnce(const std::vector<T>& values, const std::string& flag) {
  std::set<T> seen;
  for (const T& value : values) {
    if (!seen.insert(value).second) return absl::InvalidArgumentError(absl::StrCat(flag, ": ", value, " stands twice"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Varied>> ParseVary(const std::vector<std::string>& vary) {
  std::vector<Varied> all;
  for (const std::string& text : vary) {
    const size_t equals = text.find('=');
    const std::string flag = absl::StrCat("--vary ", text);
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat(flag, ": expected KEY=A,B, as in --vary wire=float32,bf16"));
    }
    Varied varied{text.substr(0, equals), SplitValues(text.substr(equals + 1))};
    if (varied.key == "mode") return absl::InvalidArgumentError(absl::StrCat(flag, ": name modes with --modes"));
    for (const Varied& other : all) {
      if (other.key != varied.key) continue;
      return absl::InvalidArgumentError(absl::StrCat(flag, ": ", varied.key, " is varied already"));
    }
    for (const std::string& value : varied.values) {
      if (value.empty()) return absl::InvalidArgumentError(absl::StrCat(flag, ": a value is empty"));
    }
    if (absl::Status status = CheckOnce(varied.values, flag); !status.ok()) return status;
    all.push_back(std::move(varied));
  }
  return all;
}

Mode Find(const std::string& mode) {
  for (const Mode& known : kModes) {
    if (mode == known.name) return known;
  }
  return {"", {absl::StrCat("mode=", mode)}, true};
}

}  // namespace

std::vector<std::string> ModeSettings(const std::string& mode) { return Find(mode).settings; }

std::vector<std::string> SplitValues(const std::string& text) {
  std::vector<std::string> values(1);
  int depth = 0;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth <= 0) {
      values.emplace_back();
      continue;
    }
    values.back() += c;
  }
  for (std::string& value : values) value = std::string(absl::StripAsciiWhitespace(value));
  return values;
}

absl::StatusOr<std::vector<Variant>> VariantsOf(const Sweep& sweep) {
  auto vary = ParseVary(sweep.vary);
  if (!vary.ok()) return vary.status();
  for (const absl::Status& status : {CheckOnce(sweep.modes, "--modes"), CheckOnce(sweep.workers, "--workers"),
                                     CheckOnce(sweep.servers, "--servers"), CheckOnce(sweep.links, "--link")}) {
    if (!status.ok()) return status;
  }
  size_t count = 1;
  const auto multiply = [&count](size_t by) { count = std::min(count * by, kMostVariants + 1); };
  for (const size_t values :
       {sweep.modes.size(), sweep.workers.size(), sweep.servers.size(), std::max<size_t>(sweep.links.size(), 1)})
    multiply(values);
  for (const Varied& varied : *vary) multiply(varied.values.size());
  if (count > kMostVariants) {
    return absl::InvalidArgumentError(
        absl::StrCat("these are more than ", kMostVariants, " configurations: vary less"));
  }
  // Settings and their part of a label, grown key by key.
  std::vector<Variant> grown;
  for (const std::string& mode : sweep.modes) grown.push_back({mode, mode, 0, 0, ModeSettings(mode)});
  std::vector<std::string> suffixes(grown.size());
  for (const Varied& varied : *vary) {
    std::vector<Variant> next;
    std::vector<std::string> next_suffixes;
    for (size_t i = 0; i < grown.size(); ++i) {
      for (const std::string& value : varied.values) {
        const std::string setting = absl::StrCat(varied.key, "=", value);
        next.push_back(grown[i]);
        next.back().set.push_back(setting);
        next_suffixes.push_back(absl::StrCat(suffixes[i], ", ", setting));
      }
    }
    grown = std::move(next);
    suffixes = std::move(next_suffixes);
  }
  std::vector<Variant> variants;
  for (size_t i = 0; i < grown.size(); ++i) {
    const bool has_servers = Find(grown[i].mode).servers;
    for (const std::string& link : sweep.links.empty() ? std::vector<std::string>{""} : sweep.links) {
      for (const uint32_t servers : has_servers ? sweep.servers : std::vector<uint32_t>{0}) {
        for (const uint32_t workers : sweep.workers) {
          Variant variant = grown[i];
          variant.workers = workers;
          variant.servers = servers;
          variant.link = link;
          variant.label = absl::StrCat(variant.mode, ", ", Counted(workers, "worker"),
                                       has_servers && sweep.servers.size() > 1 ? ", " + Counted(servers, "server") : "",
                                       link.empty() ? "" : absl::StrCat(", link=", link), suffixes[i]);
          variants.push_back(std::move(variant));
        }
      }
    }
  }
  return variants;
}

std::vector<Trial> PlanTrials(size_t variants, uint32_t repetitions, uint32_t warm_ups) {
  std::vector<Trial> trials;
  for (uint32_t i = 0; i < warm_ups && variants > 0; ++i) trials.push_back({i % variants, 0, true});
  for (uint32_t round = 0; round < repetitions; ++round) {
    for (size_t i = 0; i < variants; ++i) trials.push_back({round % 2 == 0 ? i : variants - 1 - i, round, false});
  }
  return trials;
}

std::string TrialName(size_t number, const std::string& label) {
  std::string name = absl::StrFormat("%03d-", number);
  for (const char c : label) {
    if (absl::ascii_isalnum(c) || c == '.') {
      name += c;
    } else if (name.back() != '-') {
      name += '-';
    }
  }
  if (name.size() > kLongestName) name.resize(kLongestName);
  while (name.back() == '-') name.pop_back();
  return name;
}

}  // namespace pumasi
