#include "tools/compare/change.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/compare/crossing.h"
#include "tools/compare/figures.h"

namespace pumasi {
namespace {

const char kChange[] = "What would change that: ";
// A change of speed by more than this is another machine altogether, and by less than that not worth a word.
constexpr double kLargestFactor = 10, kLeastChange = 1.05;
// Of the speed with one worker, from which on one more still pays off.
constexpr double kGoodEfficiency = 0.8;
// Shares of time that differ by less are the same.
constexpr double kSharesDiffer = 0.05;

double MedianShare(const Summary& summary, const std::vector<const char*>& names) {
  double sum = 0;
  for (const char* name : names) sum += ShareOf(summary, name);
  return sum;
}

struct Resource {
  const char* one;   // "a link"
  const char* name;  // "links"
  const char* what;  // what takes the time
  std::vector<const char*> shares;
};
const Resource kResources[] = {{"a link", "links", "waits for values and gradients on their way", {"pull", "push"}},
                               {"servers", "servers", "waits for servers", {"serve", "apply"}},
                               {"workers that compute", "processors", "computing", {"compute"}}};

std::string MovedText(const Summary& summary) {
  const Run& run = *summary.middle;
  const double bytes = run.bytes_pulled + run.bytes_pushed;
  if (bytes <= 0 || run.train_seconds <= 0) return "";
  return absl::StrCat(" at ", Bytes(bytes / run.train_seconds), "/s");
}

// "with a link 3 times as fast (...)"; empty: no speed of this resource would make them equal, within reason, or
// neither has much to do with it.
std::string CrossingText(const Summary& best, const Summary& other, const Resource& resource) {
  const Pace of_best{best.rows_per_s.median, MedianShare(best, resource.shares)};
  const Pace of_other{other.rows_per_s.median, MedianShare(other, resource.shares)};
  const auto factor = Crossing(of_best, of_other);
  if (!factor || std::max(*factor, 1 / *factor) > kLargestFactor || std::max(*factor, 1 / *factor) < kLeastChange ||
      std::max(of_best.share, of_other.share) < kSharesDiffer) {
    return "";
  }
  const bool link = resource.shares[0] == std::string("pull");
  return absl::StrFormat("with %s %.2g times as fast (%s: %s of its time%s, %s of the other's%s)", resource.one,
                         *factor, resource.what, Percent(of_other.share), link ? MovedText(other) : "",
                         Percent(of_best.share), link ? MovedText(best) : "");
}

std::vector<const Summary*> Rivals(const Summary& best, const std::vector<Summary>& summaries) {
  std::vector<const Summary*> others;
  for (const Summary& summary : summaries) {
    if (&summary != &best) others.push_back(&summary);
  }
  std::stable_sort(others.begin(), others.end(),
                   [](const Summary* a, const Summary* b) { return a->rows_per_s.median > b->rows_per_s.median; });
  std::vector<const Summary*> rivals;
  std::set<std::string> modes = {best.configuration->mode};
  for (const Summary* other : others) {
    if (rivals.empty() || modes.count(other->configuration->mode) == 0) rivals.push_back(other);
    modes.insert(other->configuration->mode);
  }
  return rivals;
}

// Empty: the cores are the limit of neither.
std::string CoresText(const Summary& best, const Summary& rival) {
  for (const Summary* one : {&best, &rival}) {
    if (one->limit.kind != LimitKind::kCores) continue;
    return absl::StrCat("All processes of '", one->configuration->label,
                        "' share one machine, whose cores are busy, so its waits say nothing about links and servers: "
                        "with more cores, or on machines of their own, the order may be another.");
  }
  return "";
}

std::string RivalText(const Summary& best, const Summary& rival) {
  if (std::string text = CoresText(best, rival); !text.empty()) return text;
  if (best.shares.empty() || rival.shares.empty()) {
    return absl::StrCat("What would bring '", rival.configuration->label, "' level with '", best.configuration->label,
                        "' cannot be said: where the time went is not known of both.");
  }
  std::vector<std::string> parts;
  for (const Resource& resource : kResources) {
    if (std::string text = CrossingText(best, rival, resource); !text.empty()) parts.push_back(std::move(text));
  }
  if (parts.empty()) {
    return absl::StrFormat(
        "By their shares of the time no speed of the link, of servers or of computing alone, "
        "from a %.0fth to %.0f times, would bring '%s' level with '%s'.",
        kLargestFactor, kLargestFactor, rival.configuration->label, best.configuration->label);
  }
  return absl::StrCat(kChange, "'", rival.configuration->label, "' would be as fast as '", best.configuration->label,
                      "' ", absl::StrJoin(parts, ", or "), ".");
}

// Which way two would part that are equally fast here.
std::string PartingText(const Summary& a, const Summary& b) {
  std::vector<std::string> parts;
  for (const Resource& resource : kResources) {
    const double of_a = MedianShare(a, resource.shares), of_b = MedianShare(b, resource.shares);
    if (std::abs(of_a - of_b) < kSharesDiffer) continue;
    const Summary &less = of_a < of_b ? a : b, &more = of_a < of_b ? b : a;
    parts.push_back(absl::StrCat("slower ", resource.name, " would favour '", less.configuration->label,
                                 "', faster ones '", more.configuration->label, "' (", resource.what, ": ",
                                 Percent(std::min(of_a, of_b)), " and ", Percent(std::max(of_a, of_b)),
                                 " of the time)"));
  }
  if (a.shares.empty() || b.shares.empty() || parts.empty()) return "";
  std::string text = absl::StrJoin(parts, "; ");
  text[0] = absl::ascii_toupper(text[0]);
  return text + ".";
}

// How the best one's own kind goes with the number of workers.
std::string WorkersText(const Summary& best, const std::vector<Summary>& summaries) {
  const Configuration& own = *best.configuration;
  const Summary* most = nullptr;
  for (const Summary& summary : summaries) {
    const Configuration& other = *summary.configuration;
    if (other.mode != own.mode || other.servers != own.servers || other.settings != own.settings) continue;
    if (!summary.efficiency || other.workers < 2) continue;
    if (most == nullptr || other.workers > most->configuration->workers) most = &summary;
  }
  if (most == nullptr) return "";
  const uint32_t workers = most->configuration->workers;
  std::string text = absl::StrFormat("%s are %.2f times as fast as one (efficiency %.2f)", Counted(workers, "worker"),
                                     *most->efficiency * workers, *most->efficiency);
  if (most->limit.kind == LimitKind::kCores) {
    absl::StrAppend(&text, ": more of them need more cores");
  } else if (*most->efficiency >= kGoodEfficiency) {
    absl::StrAppend(&text, ": more of them may go on paying off");
  } else if (most->limit.kind != LimitKind::kUnknown) {
    absl::StrAppend(&text, ": more of them pay off less, limited by ", LimitName(most->limit.kind));
  }
  return text + ".";
}

}  // namespace

std::string ChangeText(const std::vector<const Summary*>& leaders, const std::vector<Summary>& summaries) {
  const Summary& best = *leaders[0];
  std::vector<std::string> sentences;
  bool modelled = false;
  if (leaders.size() > 1) {
    std::string text = CoresText(best, *leaders[1]);
    if (text.empty()) text = PartingText(best, *leaders[1]);
    if (!text.empty()) sentences.push_back(std::move(text));
  } else {
    for (const Summary* rival : Rivals(best, summaries)) {
      std::string text = RivalText(best, *rival);
      modelled |= text.rfind(kChange, 0) == 0;
      if (std::find(sentences.begin(), sentences.end(), text) == sentences.end()) sentences.push_back(std::move(text));
    }
  }
  if (modelled) {
    sentences.push_back(
        "That takes it that waits shrink and grow with the speed of what is waited for, and that nothing else "
        "changes.");
  }
  if (std::string text = WorkersText(best, summaries); !text.empty()) sentences.push_back(std::move(text));
  return absl::StrJoin(sentences, " ");
}

}  // namespace pumasi
