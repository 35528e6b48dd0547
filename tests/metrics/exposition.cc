#include "tests/metrics/exposition.h"

#include <algorithm>
#include <limits>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace pumasi {
namespace {

using Labels = std::map<std::string, std::string>;

// Where of a line something is expected.
class Line {
 public:
  Line(std::string text, int number) : text_(std::move(text)), number_(number) {}

  [[noreturn]] void Fail(const std::string& what) const {
    throw std::runtime_error("line " + std::to_string(number_) + ": " + what + ": " + text_);
  }
  bool Skip(const std::string& wanted) {
    if (text_.compare(at_, wanted.size(), wanted) != 0) return false;
    at_ += wanted.size();
    return true;
  }
  void Expect(const std::string& wanted) {
    if (!Skip(wanted)) Fail("'" + wanted + "' is missing");
  }
  std::string Name(bool colons) {
    const size_t begin = at_;
    const auto fits = [&](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':') ||
             (at_ > begin && c >= '0' && c <= '9');
    };
    while (at_ < text_.size() && fits(text_[at_])) ++at_;
    if (at_ == begin) Fail("a name is missing");
    return text_.substr(begin, at_ - begin);
  }
  // Up to a quote, which is not part of it.
  std::string Quoted() {
    std::string value;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\') {
        value += text_[at_++];
      } else if (Skip("\\n")) {
        value += '\n';
      } else if (Skip("\\\\")) {
        value += '\\';
      } else if (Skip("\\\"")) {
        value += '"';
      } else {
        Fail("an unknown escape");
      }
    }
    return value;
  }
  std::string Rest() { return text_.substr(std::exchange(at_, text_.size())); }

 private:
  const std::string text_;
  const int number_;
  size_t at_ = 0;
};

double Number(const Line& line, const std::string& text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text.empty() || text.find_first_not_of("0123456789+-.e") != std::string::npos) line.Fail("no number");
  size_t used = 0;
  const double value = std::stod(text, &used);
  if (used != text.size()) line.Fail("no number");
  return value;
}

Exposition::Sample ReadSample(Line& line) {
  Exposition::Sample sample;
  sample.name = line.Name(true);
  if (line.Skip("{")) {
    do {
      const std::string label = line.Name(false);
      line.Expect("=\"");
      if (!sample.labels.emplace(label, line.Quoted()).second) line.Fail("a label comes twice");
      line.Expect("\"");
    } while (line.Skip(","));
    line.Expect("}");
  }
  line.Expect(" ");
  sample.value = Number(line, line.Rest());
  return sample;
}

// The family that a sample belongs to.
std::string FamilyOf(const Exposition& seen, const std::string& name) {
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (name.size() <= suffix.size() || name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0) continue;
    const std::string family = name.substr(0, name.size() - suffix.size());
    const auto type = seen.types.find(family);
    if (type != seen.types.end() && type->second == "histogram") return family;
  }
  return name;
}

bool Has(const Exposition::Sample& sample, const std::string& name, const Labels& labels) {
  return sample.name == name && std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
           const auto found = sample.labels.find(label.first);
           return found != sample.labels.end() && found->second == label.second;
         });
}

void CheckHistograms(const Exposition& seen, const std::string& family) {
  std::map<Labels, std::vector<std::pair<double, double>>> buckets;
  for (const auto& sample : seen.samples) {
    if (sample.name != family + "_bucket") continue;
    Labels labels = sample.labels;
    const auto le = labels.find("le");
    if (le == labels.end()) throw std::runtime_error(family + ": a bucket without le");
    const double bound = le->second == "+Inf" ? std::numeric_limits<double>::infinity() : std::stod(le->second);
    labels.erase(le);
    buckets[labels].push_back({bound, sample.value});
  }
  for (const auto& [labels, counts] : buckets) {
    for (size_t i = 1; i < counts.size(); ++i) {
      if (counts[i - 1].first >= counts[i].first || counts[i - 1].second > counts[i].second) {
        throw std::runtime_error(family + ": the buckets are not cumulative");
      }
    }
    if (counts.back().first != std::numeric_limits<double>::infinity()) {
      throw std::runtime_error(family + ": no bucket +Inf");
    }
    const auto one = [&](const std::string& suffix) {
      std::vector<double> values;
      for (const auto& sample : seen.samples) {
        if (sample.name == family + suffix && sample.labels == labels) values.push_back(sample.value);
      }
      if (values.size() != 1) throw std::runtime_error(family + ": not one " + suffix);
      return values[0];
    };
    if (one("_count") != counts.back().second) throw std::runtime_error(family + ": count and +Inf differ");
    one("_sum");
  }
}

}  // namespace

double Exposition::Sum(const std::string& name, const Labels& labels) const {
  double sum = 0;
  for (const Sample& sample : samples) sum += Has(sample, name, labels) ? sample.value : 0;
  return sum;
}

int Exposition::Count(const std::string& name, const Labels& labels) const {
  return static_cast<int>(
      std::count_if(samples.begin(), samples.end(), [&](const Sample& sample) { return Has(sample, name, labels); }));
}

Exposition ReadExposition(const std::string& text) {
  if (!text.empty() && text.back() != '\n') throw std::runtime_error("the last line has no end");
  Exposition seen;
  std::set<std::pair<std::string, Labels>> known;
  std::string family;  // the current one
  std::istringstream lines(text);
  int number = 0;
  for (std::string content; std::getline(lines, content);) {
    Line line(content, ++number);
    if (line.Skip("# HELP ")) {
      family = line.Name(true);
      line.Expect(" ");
      if (!seen.helps.emplace(family, line.Rest()).second) line.Fail("a family comes twice");
    } else if (line.Skip("# TYPE ")) {
      if (line.Name(true) != family) line.Fail("a type without its help before it");
      line.Expect(" ");
      const std::string type = line.Rest();
      if (type != "counter" && type != "gauge" && type != "histogram") line.Fail("an unknown type");
      if (!seen.types.emplace(family, type).second) line.Fail("a type comes twice");
    } else {
      Exposition::Sample sample = ReadSample(line);
      if (FamilyOf(seen, sample.name) != family || !seen.types.count(family)) line.Fail("not of the family above");
      if (seen.types[family] == "counter" && !(sample.value >= 0)) line.Fail("a counter below zero");
      if (!known.emplace(sample.name, sample.labels).second) line.Fail("a sample comes twice");
      seen.samples.push_back(std::move(sample));
    }
  }
  for (const auto& [name, type] : seen.types) {
    if (type == "histogram") CheckHistograms(seen, name);
  }
  return seen;
}

}  // namespace pumasi
