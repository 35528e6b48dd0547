#include "tools/compare/verdict.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/compare/change.h"
#include "tools/compare/figures.h"

namespace pumasi {
namespace {

// So many configurations are told with the figures that say what limits them, the others by their names.
constexpr size_t kMostLimits = 6;

// The figure that decides.
class Criterion {
 public:
  explicit Criterion(const Comparison& comparison)
      : target_(comparison.target && comparison.target->stated ? &*comparison.target : nullptr) {}

  // nullptr: the configuration does not have it.
  const Spread* Of(const Summary& summary) const {
    if (target_ == nullptr) return &summary.rows_per_s;
    return summary.seconds_to_target ? &*summary.seconds_to_target : nullptr;
  }
  bool Better(const Summary& a, const Summary& b) const {
    const Spread *of_a = Of(a), *of_b = Of(b);
    if (of_a == nullptr || of_b == nullptr) return of_a != nullptr && of_b == nullptr;
    return target_ == nullptr ? of_a->median > of_b->median : of_a->median < of_b->median;
  }
  bool Tied(const Summary& a, const Summary& b) const {
    const Spread *of_a = Of(a), *of_b = Of(b);
    if (of_a == nullptr || of_b == nullptr) return of_a == of_b;
    return !Apart(*of_a, *of_b);
  }
  // "5,600 rows/s (5,500 to 5,700 in 3 runs)".
  std::string Figure(const Summary& summary) const {
    const Spread& spread = *Of(summary);
    std::string text = target_ == nullptr ? absl::StrCat(Thousands(spread.median), " rows/s")
                                          : absl::StrCat(Seconds(spread.median), " of training");
    if (spread.count == 1) return text + " (one run)";
    const auto end = [&](double value) { return target_ == nullptr ? Thousands(value) : Seconds(value); };
    absl::StrAppend(&text, " (", end(spread.least), " to ", end(spread.most), " in ", spread.count, " runs)");
    return text;
  }
  // How many times as good.
  double Ratio(const Summary& better, const Summary& worse) const {
    const double a = Of(better)->median, b = Of(worse)->median;
    return target_ == nullptr ? a / b : b / a;
  }
  // "trains", "reaches accuracy 0.8000 after".
  std::string Verb() const {
    return target_ == nullptr ? "trains"
                              : absl::StrCat("reaches ", target_->metric, " ", Measure(target_->value), " after");
  }

 private:
  const Target* target_;
};

std::string Labels(const std::vector<const Summary*>& summaries) {
  std::vector<std::string> labels;
  for (const Summary* summary : summaries) labels.push_back(absl::StrCat("'", summary->configuration->label, "'"));
  const std::string last = labels.back();
  labels.pop_back();
  return labels.empty() ? last : absl::StrCat(absl::StrJoin(labels, ", "), " and ", last);
}

std::string UseText(const Criterion& criterion, const std::vector<const Summary*>& order,
                    const std::vector<const Summary*>& leaders) {
  const Summary& first = *order[0];
  if (criterion.Of(first) == nullptr) return "No configuration reached the target in all of its runs.";
  const std::string what = absl::StrCat(criterion.Verb(), " ", criterion.Figure(first));
  if (order.size() == 1)
    return absl::StrCat("There is one configuration, '", first.configuration->label, "': it ", what, ".");
  if (leaders.size() > 1) {
    const Summary& second = *leaders[1];
    return absl::StrCat("There is no winner: what ", Labels(leaders),
                        " differ by is within the spread of their runs, or too little for "
                        "so few runs. '",
                        first.configuration->label, "' ", what, ", '", second.configuration->label, "' ",
                        criterion.Figure(second), ". More repetitions could tell them apart.");
  }
  const Summary& second = *order[1];
  std::string text = absl::StrCat("Use '", first.configuration->label, "': it ", what);
  if (criterion.Of(second) == nullptr) return absl::StrCat(text, "; no other one does in all of its runs.");
  absl::StrAppendFormat(&text, ", %.2f times as fast as the next one, '%s', with %s.", criterion.Ratio(first, second),
                        second.configuration->label, criterion.Figure(second));
  if (ChanceApart(criterion.Of(first)->count, criterion.Of(second)->count) > 0.1 + 1e-9) {
    absl::StrAppend(&text, " So few runs say little about smaller differences.");
  }
  return text;
}

// What equal work came to.
std::string QualityText(const std::vector<Summary>& summaries) {
  std::set<std::string> hashes;
  bool known = true;
  for (const Summary& summary : summaries) {
    for (const Run& run : summary.configuration->runs) {
      hashes.insert(run.parameters_sha256);
      known &= !run.parameters_sha256.empty();
    }
  }
  if (known && hashes.size() == 1) return " All runs ended with the same parameters, bit for bit.";
  const Summary *least = nullptr, *most = nullptr;
  for (const Summary& summary : summaries) {
    if (!summary.final_metric) return "";
    if (least == nullptr || summary.final_metric->median < least->final_metric->median) least = &summary;
    if (most == nullptr || summary.final_metric->median > most->final_metric->median) most = &summary;
  }
  if (least == nullptr || least == most) return "";
  return absl::StrCat(" At their ends the runs' test ", least->middle->metric, " goes from ",
                      Measure(least->final_metric->median), " ('", least->configuration->label, "') to ",
                      Measure(most->final_metric->median), " ('", most->configuration->label, "').");
}

std::string LimitSubject(LimitKind kind) {
  switch (kind) {
    case LimitKind::kCores:
      return "The machine's cores limit ";
    case LimitKind::kCompute:
      return "Computing limits ";
    case LimitKind::kLink:
      return "The link limits ";
    case LimitKind::kServer:
      return "Servers limit ";
    case LimitKind::kStragglers:
      return "A straggler limits ";
    case LimitKind::kInput:
      return "Reading rows limits ";
    case LimitKind::kParts:
      return "Waiting for units limits ";
    case LimitKind::kUnknown:
      break;
  }
  return "It is not known what limits ";
}

std::string LimitsText(const std::vector<const Summary*>& order) {
  // By kind, in the order in which the kinds first appear.
  std::vector<LimitKind> kinds;
  std::map<LimitKind, std::vector<std::string>> of_kind;
  for (size_t i = 0; i < order.size(); ++i) {
    const Limit& limit = order[i]->limit;
    if (of_kind.count(limit.kind) == 0) kinds.push_back(limit.kind);
    const std::string why = i < kMostLimits ? absl::StrCat(" (", limit.sentence, ")") : "";
    of_kind[limit.kind].push_back(absl::StrCat("'", order[i]->configuration->label, "'", why));
  }
  std::vector<std::string> sentences;
  for (const LimitKind kind : kinds) {
    sentences.push_back(absl::StrCat(LimitSubject(kind), absl::StrJoin(of_kind[kind], ", "), "."));
  }
  return absl::StrJoin(sentences, " ");
}

}  // namespace

std::string Verdict::Text() const {
  std::string text = use;
  for (const std::string* more : {&limits, &change}) absl::StrAppend(&text, more->empty() ? "" : " ", *more);
  return text;
}

Verdict Judge(const Comparison& comparison, const std::vector<Summary>& summaries) {
  const Criterion criterion(comparison);
  std::vector<const Summary*> order;
  for (const Summary& summary : summaries) order.push_back(&summary);
  std::stable_sort(order.begin(), order.end(),
                   [&](const Summary* a, const Summary* b) { return criterion.Better(*a, *b); });
  Verdict verdict;
  for (const Summary* summary : order) {
    if (summary == order[0] || criterion.Tied(*order[0], *summary)) verdict.leaders.push_back(summary);
  }
  if (verdict.leaders.size() == 1 && criterion.Of(*order[0]) != nullptr) verdict.best = order[0];
  verdict.use = absl::StrCat(UseText(criterion, order, verdict.leaders), QualityText(summaries));
  verdict.limits = LimitsText(order);
  verdict.change = ChangeText(verdict.leaders, summaries);
  return verdict;
}

}  // namespace pumasi
