#include "tools/cli/metrics_json.h"

#include <numeric>

#include "common/schema.h"

namespace pumasi {
namespace {

Json SeriesJson(v1::MetricFamily::Type type, const v1::MetricSeries& series) {
  Json json;
  json["labels"] = Json::object();
  for (const auto& label : series.labels()) json["labels"][label.name()] = label.value();
  if (type != v1::MetricFamily::HISTOGRAM) {
    json["value"] = series.value();
    return json;
  }
  json["count"] = std::accumulate(series.counts().begin(), series.counts().end(), uint64_t{0});
  json["seconds"] = series.value();
  json["buckets"] = Json::array();
  for (int i = 0; i < series.counts_size(); ++i) {
    json["buckets"].push_back({i < series.bounds_size() ? Json(series.bounds(i)) : Json(), series.counts(i)});
  }
  return json;
}

}  // namespace

Json MetricsJson(const v1::MetricsSnapshot& snapshot) {
  Json all = Json::array();
  for (const v1::MetricFamily& family : snapshot.families()) {
    Json json;
    json["name"] = family.name();
    const auto* type = v1::MetricFamily::Type_descriptor()->FindValueByNumber(family.type());
    json["type"] = type == nullptr ? "" : EnumText(*type);
    json["help"] = family.help();
    json["series"] = Json::array();
    for (const v1::MetricSeries& series : family.series()) json["series"].push_back(SeriesJson(family.type(), series));
    all.push_back(std::move(json));
  }
  return all;
}

}  // namespace pumasi
