#include "tools/compare/run_json.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

void Flatten(const Json& json, const std::string& path, std::map<std::string, std::string>* fields) {
  if (json.is_object() && json.empty()) {
    if (!path.empty()) (*fields)[path] = "{}";
  } else if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      Flatten(value, path.empty() ? key : absl::StrCat(path, ".", key), fields);
    }
  } else if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i) Flatten(json[i], absl::StrCat(path, "[", i, "]"), fields);
  } else {
    (*fields)[path] = json.is_string() ? json.get<std::string>() : ToLine(json);
  }
}

// Reads fields, and remembers the first one of the wrong type. A field that is not there or null is left as it was.
class Reader {
 public:
  explicit Reader(std::string source) : source_(std::move(source)) {}

  void Text(const Json& from, const char* key, std::string* to) {
    const Json* value = Find(from, key);
    if (value == nullptr) return;
    if (!value->is_string()) return Object(key, "a text");
    *to = value->get<std::string>();
  }
  std::optional<double> Number(const Json& from, const char* key) {
    const Json* value = Find(from, key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) {
      Object(key, "a number");
      return std::nullopt;
    }
    const double number = value->get<double>();
    if (!std::isfinite(number) || number < 0) return std::nullopt;
    return number;
  }
  void Number(const Json& from, const char* key, double* to) {
    if (const auto number = Number(from, key)) *to = *number;
  }
  // A number of processes.
  void Count(const Json& from, const char* key, uint32_t* to) {
    if (const auto number = Number(from, key)) *to = static_cast<uint32_t>(std::min(*number, 1e9));
  }
  // nullptr: not there.
  const Json* Of(const Json& from, const char* key, Json::value_t type) {
    const Json* value = Find(from, key);
    if (value == nullptr || value->type() == type) return value;
    Object(key, type == Json::value_t::array ? "a list" : "an object");
    return nullptr;
  }
  // Each object of a list.
  template <class F>
  void Each(const Json& from, const char* key, F&& take) {
    const Json* list = Of(from, key, Json::value_t::array);
    if (list == nullptr) return;
    for (const Json& entry : *list) {
      if (!entry.is_object()) return Object(key, "a list of objects");
      take(entry);
    }
  }
  void Object(const std::string& key, const std::string& expected) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(source_, ": ", key, ": expected ", expected));
  }
  const absl::Status& status() const { return status_; }

 private:
  static const Json* Find(const Json& from, const char* key) {
    const auto at = from.find(key);
    return at == from.end() || at->is_null() ? nullptr : &*at;
  }
  const std::string source_;
  absl::Status status_;
};

void ReadProfile(const Json& result, Reader& reader, Run* run) {
  const Json* profile = reader.Of(result, "profile", Json::value_t::object);
  if (profile == nullptr) return;
  double seconds = 0;
  reader.Each(*profile, "workers", [&](const Json& worker) {
    const double of_worker = reader.Number(worker, "seconds").value_or(0);
    const Json* shares = reader.Of(worker, "shares", Json::value_t::object);
    if (shares == nullptr || of_worker <= 0) return;
    seconds += of_worker;
    for (const auto& [name, value] : shares->items()) {
      const double share = reader.Number(*shares, name.c_str()).value_or(0);
      auto place = std::find_if(run->shares.begin(), run->shares.end(), [&](const auto& s) { return s.first == name; });
      if (place == run->shares.end()) place = run->shares.insert(run->shares.end(), {name, 0.0});
      place->second += share * of_worker;
    }
  });
  for (auto& [name, share] : run->shares) share /= seconds;
  reader.Each(*profile, "servers", [&](const Json& server) {
    if (const auto busy = reader.Number(server, "busy")) {
      run->server_busy = std::max(run->server_busy.value_or(0), std::min(*busy, 1.0));
    }
  });
  if (const Json* found = reader.Of(*profile, "bottleneck", Json::value_t::object)) {
    run->bottleneck.emplace();
    reader.Text(*found, "kind", &run->bottleneck->kind);
    reader.Number(*found, "share", &run->bottleneck->share);
    reader.Text(*found, "node", &run->bottleneck->node);
    reader.Text(*found, "sentence", &run->bottleneck->sentence);
  }
}

// By epochs, from a result without `tests`: all epochs of a run have the same number of rows, but for the first one of
// a run that was resumed, which makes its points a little early.
void ReadEpochs(const Json& result, Reader& reader, Run* run) {
  size_t epochs = 0, done = 0;
  double seconds = 0;
  reader.Each(result, "by_epoch", [&](const Json& epoch) { epochs += epoch.contains("seconds") ? 1 : 0; });
  reader.Each(result, "by_epoch", [&](const Json& epoch) {
    const auto took = reader.Number(epoch, "seconds");
    if (!took) return;  // trained before this run
    seconds += *took;
    const double samples = run->samples * static_cast<double>(++done) / static_cast<double>(epochs);
    if (const auto loss = reader.Number(epoch, "loss")) run->curve.push_back({seconds, samples, *loss});
    for (const char* metric : kMetrics) {
      const auto value = reader.Number(epoch, absl::StrCat("test_", metric).c_str());
      if (!value) continue;
      run->metric = metric;
      run->tests.push_back({seconds, samples, std::nullopt, *value});
    }
  });
}

void ReadRecord(const Json& json, Reader& reader, Run* run) {
  if (const Json* job = reader.Of(json, "job", Json::value_t::object)) run->settings = FlattenJson(*job);
  // Of each worker. They change the speed as the job's settings do, and are shown and told apart like these.
  uint32_t devices = 1;
  reader.Count(json, "devices", &devices);
  if (devices > 1) run->settings["devices"] = absl::StrCat(devices);
  const auto link = json.find("link");
  if (link != json.end() && link->is_string()) run->settings["link"] = link->get<std::string>();
  reader.Number(json, "steps", &run->steps);
  if (const Json* curve = reader.Of(json, "curve", Json::value_t::array)) {
    run->curve.clear();
    for (const Json& point : *curve) {
      const auto is_number = [](const Json& value) { return value.is_number(); };
      if (!point.is_array() || point.size() != 3 || !std::all_of(point.begin(), point.end(), is_number)) {
        return reader.Object("curve", "a list of [seconds, samples, loss]");
      }
      run->curve.push_back({point[0].get<double>(), point[1].get<double>(), point[2].get<double>()});
    }
  }
  if (json.contains("tests")) run->tests.clear();
  reader.Text(json, "metric", &run->metric);
  reader.Each(json, "tests", [&](const Json& test) {
    TestPoint point;
    reader.Number(test, "seconds", &point.seconds);
    reader.Number(test, "samples", &point.samples);
    point.loss = reader.Number(test, "loss");
    reader.Number(test, "metric", &point.metric);
    run->tests.push_back(point);
  });
  if (const Json* peaks = reader.Of(json, "peak_bytes", Json::value_t::object)) {
    for (const auto& [name, value] : peaks->items()) {
      if (const auto bytes = reader.Number(*peaks, name.c_str())) run->peak_bytes[name] = *bytes;
    }
  }
  run->cores_used = reader.Number(json, "cores_used");
  run->cores = reader.Number(json, "cores");
}

}  // namespace

std::map<std::string, std::string> FlattenJson(const Json& json) {
  std::map<std::string, std::string> fields;
  Flatten(json, "", &fields);
  return fields;
}

Json RunJson(const Run& run) {
  Json result;
  result["state"] = run.state;
  if (!run.message.empty()) result["message"] = run.message;
  result["mode"] = run.mode;
  result["servers"] = run.servers;
  result["workers"] = run.workers;
  result["samples"] = run.samples;
  result["rows_per_s"] = run.rows_per_s;
  result["train_s"] = run.train_seconds;
  result["wall_s"] = run.wall_seconds;
  result["bytes_pulled"] = run.bytes_pulled;
  result["bytes_pushed"] = run.bytes_pushed;
  result["parameters_sha256"] = run.parameters_sha256;
  if (!run.ring.empty()) result["ring"] = {{"sentence", run.ring}};
  Json shares = Json::object();
  for (const auto& [name, share] : run.shares) shares[name] = share;
  Json profile = Json::object();
  if (run.bottleneck) {
    const FoundBottleneck& found = *run.bottleneck;
    profile["bottleneck"] = {
        {"kind", found.kind}, {"share", found.share}, {"node", found.node}, {"sentence", found.sentence}};
  }
  // All workers as one: the shares are of them together.
  if (!run.shares.empty()) profile["workers"] = Json::array({{{"seconds", 1.0}, {"shares", shares}}});
  if (run.server_busy) profile["servers"] = Json::array({{{"busy", *run.server_busy}}});
  if (!profile.empty()) result["profile"] = profile;

  Json json;
  json["source"] = run.source;
  json["result"] = result;
  // By path, not nested: reading flattens either.
  if (!run.settings.empty()) json["job"] = run.settings;
  json["steps"] = run.steps;
  Json curve = Json::array(), tests = Json::array();
  for (const CurvePoint& point : run.curve) curve.push_back({point.seconds, point.samples, point.loss});
  json["curve"] = curve;
  json["metric"] = run.metric;
  for (const TestPoint& test : run.tests) {
    Json entry = {{"seconds", test.seconds}, {"samples", test.samples}};
    entry["loss"] = test.loss ? Json(*test.loss) : Json();
    entry["metric"] = test.metric;
    tests.push_back(entry);
  }
  json["tests"] = tests;
  if (!run.peak_bytes.empty()) json["peak_bytes"] = run.peak_bytes;
  if (run.cores_used) json["cores_used"] = *run.cores_used;
  if (run.cores) json["cores"] = *run.cores;
  return json;
}

absl::StatusOr<Run> RunFromJson(const Json& json, const std::string& source) {
  Reader reader(source);
  Run run;
  run.source = source;
  if (!json.is_object()) return absl::InvalidArgumentError(absl::StrCat(source, ": expected an object"));
  const Json* result = json.contains("result") ? reader.Of(json, "result", Json::value_t::object) : &json;
  if (result != nullptr && !result->contains("rows_per_s")) {
    return absl::InvalidArgumentError(absl::StrCat(
        source, ": has no rows_per_s: expected run.json, or what `pumasi train --json` or `watch --json` printed"));
  }
  if (result != nullptr) {
    reader.Text(*result, "state", &run.state);
    reader.Text(*result, "message", &run.message);
    reader.Text(*result, "mode", &run.mode);
    reader.Count(*result, "servers", &run.servers);
    reader.Count(*result, "workers", &run.workers);
    reader.Number(*result, "samples", &run.samples);
    reader.Number(*result, "rows_per_s", &run.rows_per_s);
    reader.Number(*result, "train_s", &run.train_seconds);
    reader.Number(*result, "wall_s", &run.wall_seconds);
    reader.Number(*result, "bytes_pulled", &run.bytes_pulled);
    reader.Number(*result, "bytes_pushed", &run.bytes_pushed);
    reader.Text(*result, "parameters_sha256", &run.parameters_sha256);
    if (const Json* ring = reader.Of(*result, "ring", Json::value_t::object)) reader.Text(*ring, "sentence", &run.ring);
    ReadProfile(*result, reader, &run);
    ReadEpochs(*result, reader, &run);
  }
  if (result != &json) {
    reader.Text(json, "source", &run.source);
    ReadRecord(json, reader, &run);
  }
  if (!reader.status().ok()) return reader.status();
  return run;
}

}  // namespace pumasi
