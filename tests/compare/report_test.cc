#include "tools/compare/report.h"

#include <catch2/catch.hpp>

#include "tests/compare/some_runs.h"
#include "tools/compare/assets.h"
#include "tools/compare/html_escape.h"
#include "tools/compare/table.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

const char kHostile[] = "</script><script>alert(1)</script><!--\"'&\n\x1b[2J\xe2\x80\xa8";

// A report, with what it points to.
struct Whole {
  explicit Whole(const std::vector<Run>& runs)
      : comparison(*CompareRuns(runs)), summaries(Summarise(comparison)), verdict(Judge(comparison, summaries)) {}
  Report report() const { return {comparison, summaries, verdict}; }
  Comparison comparison;
  std::vector<Summary> summaries;
  Verdict verdict;
};

std::vector<Run> TwoRuns(const std::string& name = "small") {
  std::vector<Run> runs = {SomeRun("ps", 1, 100), WithShares(SomeRun("ps", 2, 180), 0.25, 0.125)};
  runs[1].peak_bytes = {{"worker-0", 25e6}, {"server-0", 5e6}};
  for (Run& run : runs) run.settings["name"] = name;
  return runs;
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_CASE("The table has a line for each configuration, and no column that nothing is known of") {
  const Whole whole(TwoRuns());
  const std::string text = ReportText(whole.report());
  CHECK_THAT(
      text,
      Contains("configuration  runs  rows/s  efficiency  to accuracy 0.7500  test accuracy  training loss    limit\n"
               "ps, 1 worker      1     100        1.00              10.0 s         0.7500         1.0000  unknown\n"
               "ps, 2 workers     1     180        0.90              5.56 s         0.7500         1.0000     link\n"));
  CHECK_THAT(text, Contains("configuration  pulled a step  pushed a step  largest worker  largest server\n"
                            "ps, 1 worker            5 kB           2 kB               -               -\n"
                            "ps, 2 workers           5 kB           2 kB           25 MB            5 MB\n"));
  CHECK_THAT(text, Contains("Use 'ps, 2 workers'"));
}

TEST_CASE("Every process has its memory on the page, in the order of its number") {
  std::vector<Run> runs = TwoRuns();
  runs[0].peak_bytes = {{"scheduler", 7e6}, {"worker-0", 20e6}};
  for (int i = 0; i < 11; ++i) runs[1].peak_bytes["server-" + std::to_string(i)] = 1e6 * (i + 1);
  runs[1].peak_bytes["scheduler"] = 9e6;
  const Whole whole(runs);
  const Table table = ProcessTable(whole.summaries);
  REQUIRE(table.head.size() == 14);
  CHECK(table.head[1] == "scheduler");
  CHECK(table.head[4] == "server-2");
  CHECK(table.head[12] == "server-10");
  CHECK(table.head[13] == "worker-0");
  CHECK(table.rows[0] == std::vector<std::string>{"ps, 1 worker", "7 MB", "-", "-", "-", "-", "-", "-", "-", "-", "-",
                                                  "-", "-", "20 MB"});
  CHECK(table.rows[1][12] == "11 MB");
  CHECK_THAT(ReportHtml(whole.report()), Contains("Most memory of each process") && Contains("server-10</th>"));
  CHECK_THAT(ReportText(whole.report()), Contains("largest server  scheduler\n") && !Contains("server-10"));
  for (Run& run : runs) run.peak_bytes.clear();
  CHECK_THAT(ReportHtml(Whole(runs).report()), !Contains("Most memory of each process"));
}

TEST_CASE("Tables without figures are left out") {
  std::vector<Run> runs = TwoRuns();
  for (Run& run : runs) run.shares.clear(), run.steps = 0, run.peak_bytes.clear();
  const Whole whole(runs);
  CHECK(SummaryTables(whole.comparison, whole.summaries).size() == 1);
}

TEST_CASE("A report's JSON gives its runs back, and says what the page says") {
  const std::vector<Run> runs = TwoRuns();
  const Whole whole(runs);
  const Json json = Json::parse(ToLine(ReportJson(whole.report())));
  CHECK(json["best"] == "ps, 2 workers");
  CHECK(json["leaders"].dump() == R"(["ps, 2 workers"])");
  CHECK(json["verdict"] == whole.verdict.Text());
  CHECK(json["target"].dump() == R"({"metric":"accuracy","value":0.75,"stated":false})");
  CHECK(json["configurations"][1]["rows_per_s"].dump() == R"({"median":180.0,"least":180.0,"most":180.0})");
  CHECK(json["configurations"][1]["efficiency"] == 0.9);
  CHECK(json["configurations"][0]["worker_bytes"].is_null());
  CHECK(json["configurations"][1]["limit"]["kind"] == "link");
  auto read = RunsFromJson(json, "report");
  REQUIRE(read.ok());
  CHECK(*read == runs);
  // One run is a list of one.
  read = RunsFromJson(Json::parse(R"({"rows_per_s": 1})"), "x");
  REQUIRE(read.ok());
  CHECK(read->size() == 1);
  CHECK_FALSE(RunsFromJson(Json::parse(R"({"runs": [3]})"), "x").ok());
}

TEST_CASE("The page loads nothing and has all figures without a script") {
  const Whole whole(TwoRuns());
  const std::string html = ReportHtml(whole.report());
  const std::string own = html.substr(0, html.find("<!--\nThe charts are drawn"));
  CHECK(own.size() < html.size());
  for (const char* part : {" src=", " href=", "url(", "@import", "http:", "https:"}) {
    CAPTURE(part);
    CHECK(Count(own, part) == 0);
    CHECK(Count(kPageScript, part) == 0);
  }
  CHECK_THAT(own, Contains("default-src 'none'") && Contains("width=device-width") &&
                      Contains("prefers-color-scheme: dark") && Contains("overflow-x: auto"));
  CHECK_THAT(own, Contains("<th scope=\"row\">ps, 2 workers</th><td>1</td><td>180</td>"));
  CHECK_THAT(own, Contains("<p>Use &#39;ps, 2 workers&#39;"));
  CHECK_THAT(html, Contains("Permission is hereby granted"));
}

TEST_CASE("What is put into a script element neither ends it nor begins a comment") {
  for (const char* part : {kChartLibrary, kPageScript}) {
    CHECK_THAT(part, !Contains("</script") && !Contains("<!--") && !Contains("<script"));
  }
  CHECK_THAT(kChartLibrary, Contains("Chart.js v"));
  CHECK_THAT(kPageStyle, !Contains("</style"));
}

TEST_CASE("Hostile names stay text") {
  std::vector<Run> runs = TwoRuns(kHostile);
  runs[0].settings["x"] = kHostile;
  runs[0].message = kHostile;
  runs[1].bottleneck->sentence = kHostile;
  Run failed = runs[1];
  failed.state = "failed";
  failed.message = kHostile;
  runs.push_back(failed);
  const Whole whole(runs), plain(TwoRuns());
  const std::string html = ReportHtml(whole.report());
  CHECK(Count(html, "</script>") == 3);
  CHECK(Count(html, "<script") == 3);
  CHECK(Count(html, "<!--") == Count(ReportHtml(plain.report()), "<!--"));
  CHECK_THAT(html, !Contains("\x1b"));
  CHECK_THAT(html, Contains("&lt;/script&gt;"));
  CHECK_THAT(ReportText(whole.report()), !Contains("\x1b") && Contains("\\u{1b}"));
}

TEST_CASE("Data in a script element parse to what they were") {
  const Json json = {{kHostile, kHostile}};
  const std::string text = ScriptJson(json);
  for (const char* part : {"<", ">", "&", "\n", "\xe2\x80\xa8"}) CHECK(Count(text, part) == 0);
  CHECK(Json::parse(text) == json);
  CHECK(HtmlText("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
}

}  // namespace
}  // namespace pumasi
