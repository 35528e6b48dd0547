#include "common/metrics/metrics_listener.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/metrics/http.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

v1::MetricsConfig Config(const std::string& listen, bool open_to_all = false) {
  v1::MetricsConfig config;
  config.set_listen(listen);
  config.set_open_to_all(open_to_all);
  return config;
}

std::unique_ptr<MetricsListener> Listen(std::string text = "a 1\n") {
  auto listener = MetricsListener::Start(Config("127.0.0.1:0"), [text] { return text; });
  INFO(listener.status());
  REQUIRE(listener.ok());
  REQUIRE((*listener)->address().port > 0);
  return *std::move(listener);
}

std::string Refused(const v1::MetricsConfig& config) {
  const auto listener = MetricsListener::Start(config, [] { return std::string(); });
  REQUIRE_FALSE(listener.ok());
  return std::string(listener.status().message());
}

TEST_CASE("GET /metrics answers with the text, and the connection ends") {
  const std::string text(100000, 'x');
  const auto listener = Listen(text);
  for (const char* request : {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
                              "GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /metrics HTTP/1.0\r\n\r\n"}) {
    CAPTURE(request);
    const std::string answer = HttpAnswer(listener->address().port, request);
    CHECK_THAT(answer, Contains(" 200 OK\r\n"));
    CHECK_THAT(answer, Contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    CHECK_THAT(answer, Contains("Connection: close\r\n"));
    CHECK(BodyOf(answer) == text);
  }
  const std::string head = HttpAnswer(listener->address().port, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK_THAT(head, Contains("Content-Length: 100000\r\n"));
  CHECK(BodyOf(head).empty());
}

TEST_CASE("Nothing else is answered") {
  const auto listener = Listen();
  const int port = listener->address().port;
  CHECK_THAT(HttpAnswer(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  CHECK_THAT(HttpAnswer(port, "GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  const std::string post = HttpAnswer(port, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
  CHECK_THAT(post, StartsWith("HTTP/1.1 405 ") && Contains("Allow: GET, HEAD\r\n"));
  CHECK_THAT(HttpAnswer(port, "DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
}

TEST_CASE("What is no request, or too long, ends the connection and does no harm") {
  const auto listener = Listen();
  const int port = listener->address().port;
  for (const std::string& request :
       {std::string("GET /metrics HTTP/1.1\r\nHost: ") + std::string(20000, 'x') + "\r\n\r\n",
        "GET /" + std::string(20000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", std::string("\x16\x03\x01\r\n\r\n"),
        std::string("GET\r\n\r\n")}) {
    CAPTURE(request.substr(0, 40));
    const std::string answer = HttpAnswer(port, request);
    CHECK_THAT(answer, !Contains("200 OK") && !Contains("TOO LATE"));
  }
  CHECK_THAT(HttpAnswer(port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), Contains("200 OK"));
}

TEST_CASE("A silent connection keeps nobody else waiting, nor the end") {
  auto listener = Listen();
  HttpConnection silent(listener->address().port), half(listener->address().port);
  REQUIRE(silent.connected());
  half.Send("GET /metr");
  CHECK_THAT(HttpAnswer(listener->address().port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), Contains("200 OK"));
  listener.reset();
  CHECK(silent.Receive().empty());
}

TEST_CASE("An address that others reach has to be wanted") {
  CHECK_THAT(Refused(Config("0.0.0.0:0")), Contains("metrics.open_to_all") && Contains("127.0.0.1"));
  CHECK_THAT(Refused(Config("[::]:0")), Contains("metrics.open_to_all"));
  CHECK(MetricsListener::Start(Config("0.0.0.0:0", true), [] { return std::string(); }).ok());
}

TEST_CASE("An address that cannot be is refused with the reason") {
  CHECK_THAT(Refused(Config("unix:/tmp/x")), Contains("HOST:PORT"));
  CHECK_THAT(Refused(Config("9464")), Contains("metrics.listen"));
  const auto listener = Listen();
  CHECK_THAT(Refused(Config("127.0.0.1:" + std::to_string(listener->address().port))), Contains("in use"));
}

}  // namespace
}  // namespace pumasi
