#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "tools/compare/assets.h"
#include "tools/compare/figures.h"
#include "tools/compare/html_escape.h"
#include "tools/compare/report.h"
#include "tools/compare/table.h"

namespace pumasi {
namespace {

// Nothing is loaded, whatever stands in the page.
const char kHead[] =
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";

// What the library's licence asks for wherever it is passed on.
const char kChartLicence[] = R"(<!--
The charts are drawn by Chart.js, https://www.chartjs.org, Copyright 2014-2022 Chart.js Contributors, which holds @kurkle/color,
Copyright 2022 Jukka Kurkela, both under the MIT licence:
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions: The above copyright notice and this permission notice
shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF
ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE
AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY,
WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR
OTHER DEALINGS IN THE SOFTWARE.
-->
)";

Json EndsJson(const std::optional<Spread>& spread) {
  if (!spread) return Json();
  return {{"median", spread->median}, {"least", spread->least}, {"most", spread->most}};
}

Json MedianJson(const std::optional<Spread>& spread) { return spread ? Json(spread->median) : Json(); }

Json CurveJson(const Summary& summary) {
  Json loss = Json::array(), tests = Json::array();
  for (const CurvePoint& point : summary.middle->curve) loss.push_back({point.seconds, point.samples, point.loss});
  for (const TestPoint& test : summary.middle->tests) tests.push_back({test.seconds, test.samples, test.metric});
  return {{"label", summary.configuration->label}, {"loss", loss}, {"tests", tests}};
}

// What page.js draws. Lists have an entry for each configuration; null: unknown.
Json PageData(const Report& report) {
  Json data;
  for (const char* key : {"labels", "speed", "target", "efficiency", "pulled", "pushed", "workerBytes", "serverBytes",
                          "curves", "shares"}) {
    data[key] = Json::array();
  }
  data["metric"] = "";
  std::vector<std::string> names;
  for (const Summary& summary : report.summaries) {
    data["labels"].push_back(summary.configuration->label);
    data["speed"].push_back(EndsJson(summary.rows_per_s));
    data["target"].push_back(EndsJson(summary.seconds_to_target));
    data["efficiency"].push_back(summary.efficiency ? Json(*summary.efficiency) : Json());
    data["pulled"].push_back(MedianJson(summary.pulled_a_step));
    data["pushed"].push_back(MedianJson(summary.pushed_a_step));
    data["workerBytes"].push_back(MedianJson(summary.worker_bytes));
    data["serverBytes"].push_back(MedianJson(summary.server_bytes));
    data["curves"].push_back(CurveJson(summary));
    if (!summary.middle->metric.empty()) data["metric"] = summary.middle->metric;
    for (const auto& [name, unused] : summary.shares) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    Json values = Json::array();
    for (const Summary& summary : report.summaries) values.push_back(ShareOf(summary, name));
    data["shares"].push_back({{"name", name}, {"values", values}});
  }
  return data;
}

std::string TableHtml(const Table& table) {
  std::string html =
      absl::StrCat("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", HtmlText(table.caption),
                   "\">\n<table>\n<caption>", HtmlText(table.caption), "</caption>\n<thead><tr>");
  for (const std::string& cell : table.head) absl::StrAppend(&html, "<th scope=\"col\">", HtmlText(cell), "</th>");
  absl::StrAppend(&html, "</tr></thead>\n<tbody>\n");
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&html, i == 0 ? "<tr><th scope=\"row\">" : "<td>", HtmlText(row[i]), i == 0 ? "</th>" : "</td>");
    }
    absl::StrAppend(&html, "</tr>\n");
  }
  return html + "</tbody>\n</table>\n</div>\n";
}

struct Chart {
  const char* name;  // of page.js
  std::string caption;
  std::function<bool(const Summary&)> known;
};

std::vector<Chart> ChartsOf(const Report& report) {
  std::string target = "Time to the target", metric = "measure";
  if (report.comparison.target) {
    target = absl::StrCat("Time to ", report.comparison.target->metric, " ", Measure(report.comparison.target->value));
  }
  for (const Summary& summary : report.summaries) {
    if (!summary.middle->metric.empty()) metric = summary.middle->metric;
  }
  const auto curve = [](const Summary& s) { return s.middle->curve.size() > 1; };
  const auto tests = [](const Summary& s) { return !s.middle->tests.empty(); };
  return {{"speed", "Speed: median, and the range of the runs", [](const Summary&) { return true; }},
          {"target", target, [](const Summary& s) { return s.seconds_to_target.has_value(); }},
          {"loss-time", "Training loss against time", curve},
          {"loss-samples", "Training loss against samples", curve},
          {"test-time", absl::StrCat("Test ", metric, " against time"), tests},
          {"test-samples", absl::StrCat("Test ", metric, " against samples"), tests},
          {"shares", "Where the workers' time goes", [](const Summary& s) { return !s.shares.empty(); }},
          {"efficiency", "Efficiency against one worker", [](const Summary& s) { return s.efficiency.has_value(); }},
          {"bytes", "Bytes a step, all workers together", [](const Summary& s) { return s.pulled_a_step.has_value(); }},
          {"memory", "Most memory of a process", [](const Summary& s) { return s.worker_bytes || s.server_bytes; }}};
}

std::string ChartsHtml(const Report& report) {
  std::string html = "<h2 class=\"js-only\">Charts</h2>\n<div class=\"js-only\"><div class=\"charts\">\n";
  for (const Chart& chart : ChartsOf(report)) {
    if (!std::any_of(report.summaries.begin(), report.summaries.end(), chart.known)) continue;
    absl::StrAppend(&html, "<figure><figcaption>", HtmlText(chart.caption),
                    "</figcaption><div class=\"plot\"><canvas id=\"chart-", chart.name, "\" role=\"img\" aria-label=\"",
                    HtmlText(chart.caption), "; the tables have the figures\"></canvas></div></figure>\n");
  }
  return html +
         "</div>\n<p class=\"note\">Curves, and the memory of each process, are of the run with the median speed. Time "
         "is of "
         "training alone, without evaluations.</p>\n</div>\n";
}

}  // namespace

std::string ReportHtml(const Report& report) {
  const std::string name = report.comparison.title.empty() ? "runs" : report.comparison.title;
  std::string html =
      absl::StrCat("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n", kHead, "<title>", HtmlText(name),
                   ": comparison</title>\n<style>\n", kPageStyle, "</style>\n</head>\n<body>\n<main>\n<h1>",
                   HtmlText(name), ": ", Counted(report.summaries.size(), "configuration"), " compared</h1>\n");
  absl::StrAppend(&html, "<div class=\"verdict\">\n");
  for (const std::string* part : {&report.verdict.use, &report.verdict.limits, &report.verdict.change}) {
    if (!part->empty()) absl::StrAppend(&html, "<p>", HtmlText(*part), "</p>\n");
  }
  absl::StrAppend(&html, "</div>\n");
  for (const std::string& warning : Warnings(report.comparison)) {
    absl::StrAppend(&html, "<p class=\"warning\">Warning: ", HtmlText(warning), "</p>\n");
  }
  absl::StrAppend(
      &html, ChartsHtml(report),
      "<noscript><p class=\"note\">The charts need JavaScript; the tables have all figures.</p></noscript>\n");
  for (const Table& table : SummaryTables(report.comparison, report.summaries)) {
    absl::StrAppend(&html, "<h2>", HtmlText(table.caption), "</h2>\n", TableHtml(table));
  }
  for (const Table& table : {ProcessTable(report.summaries), RunsTable(report.comparison)}) {
    if (!table.rows.empty()) absl::StrAppend(&html, "<h2>", HtmlText(table.caption), "</h2>\n", TableHtml(table));
  }
  absl::StrAppend(&html, "</main>\n");
  absl::StrAppend(&html, "<script type=\"application/json\" id=\"data\">", ScriptJson(PageData(report)), "</script>\n");
  absl::StrAppend(&html, kChartLicence, "<script>\n", kChartLibrary, "\n</script>\n<script>\n", kPageScript,
                  "</script>\n</body>\n</html>\n");
  return html;
}

}  // namespace pumasi
