#include "common/address.h"

#include <catch2/catch.hpp>
#include <string>

namespace pumasi {
namespace {

Address Parse(const std::string& text) {
  const auto address = ParseAddress(text);
  INFO(text);
  REQUIRE(address.ok());
  return *address;
}

TEST_CASE("addresses are read and written as they were") {
  for (const std::string text : {"127.0.0.1:7070", "node-1.example.org:0", "[::1]:65535", "unix:/run/x", "unix:x"}) {
    CHECK(Parse(text).ToString() == text);
  }
  CHECK(Parse("[fe80::1]:1").host == "fe80::1");
  CHECK(Parse("h:12").port == 12);
  CHECK(Parse("unix:///run/x").path == "/run/x");
}

TEST_CASE("what is no address is refused with what one looks like") {
  for (const std::string text :
       {"", "host", "host:", ":1", "host:65536", "host:-1", "host:1x", "host: 1", "::1", "::1:80", "[::1]", "[::1:1",
        "[x]:1", "[::1]x:1", "unix:", "a b:1", "http://x:1", "h\n:1"}) {
    const auto address = ParseAddress(text);
    CAPTURE(text);
    CHECK(address.status().code() == absl::StatusCode::kInvalidArgument);
    CHECK(std::string(address.status().message()).find("an address is HOST:PORT") != std::string::npos);
  }
  CHECK(ParseAddress("unix:" + std::string(107, 'x')).ok());
  CHECK_FALSE(ParseAddress("unix:" + std::string(108, 'x')).ok());
}

TEST_CASE("loopback and wildcard are told apart from the rest") {
  for (const char* text : {"127.0.0.1:1", "127.8.9.10:1", "[::1]:1", "localhost:1", "unix:x", "[::ffff:127.0.0.1]:1"}) {
    CAPTURE(text);
    CHECK(IsLoopback(Parse(text)));
    CHECK_FALSE(IsWildcard(Parse(text)));
  }
  for (const char* text : {"10.0.0.1:1", "128.0.0.1:1", "[::2]:1", "localhost.example.org:1", "127.0.0.1.nip.io:1"}) {
    CAPTURE(text);
    CHECK_FALSE(IsLoopback(Parse(text)));
    CHECK_FALSE(IsWildcard(Parse(text)));
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1"}) {
    CHECK_FALSE(IsLoopback(Parse(text)));
    CHECK(IsWildcard(Parse(text)));
  }
}

TEST_CASE("the advertised address takes what is missing from the bound one") {
  const Address bound = Parse("0.0.0.0:4711");
  CHECK(AdvertisedAddress(bound, "node-1:80", "")->ToString() == "node-1:80");
  CHECK(AdvertisedAddress(bound, "node-1:0", "")->ToString() == "node-1:4711");
  CHECK(AdvertisedAddress(bound, "node-1", "")->ToString() == "node-1:4711");
  CHECK(AdvertisedAddress(bound, "[fe80::1]", "")->ToString() == "[fe80::1]:4711");
  CHECK(AdvertisedAddress(bound, "", "myhost")->ToString() == "myhost:4711");
  CHECK(AdvertisedAddress(Parse("127.0.0.1:5"), "", "")->ToString() == "127.0.0.1:5");
  CHECK(AdvertisedAddress(Parse("unix:/x"), "", "")->ToString() == "unix:/x");
}

TEST_CASE("an address that nobody could dial is not advertised") {
  const auto none = AdvertisedAddress(Parse("[::]:80"), "", "");
  CHECK(none.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(none.status().message()).find("set advertise") != std::string::npos);
  CHECK_FALSE(AdvertisedAddress(Parse("0.0.0.0:80"), "0.0.0.0", "").ok());
  CHECK_FALSE(AdvertisedAddress(Parse("0.0.0.0:80"), "a b", "").ok());
}

}  // namespace
}  // namespace pumasi
