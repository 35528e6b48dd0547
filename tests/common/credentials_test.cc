#include "common/credentials.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>

#include "common/identity.h"
#include "common/pem_files.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

v1::Tls TlsOf(const std::string& folder, const std::string& name) {
  v1::Tls tls;
  tls.set_ca(folder + "/ca.crt");
  tls.set_certificate(folder + "/" + name + ".crt");
  tls.set_key(folder + "/" + name + ".key");
  return tls;
}

bool Mentions(const absl::Status& status, const std::string& text) {
  INFO(status.message());
  return std::string(status.message()).find(text) != std::string::npos;
}

const Address kLoopback = {"", "127.0.0.1", 0};
const Address kOpen = {"", "0.0.0.0", 0};
const Address kUnix = {"/tmp/x", "", 0};

TEST_CASE("without TLS, only loopback and unix sockets are served and dialled") {
  CHECK(MakeServerCredentials({}, kLoopback).ok());
  CHECK(MakeServerCredentials({}, kUnix).ok());
  CHECK(MakeChannelCredentials({}, kLoopback).ok());
  CHECK(MakeChannelCredentials({}, kUnix).ok());
  const absl::Status server = MakeServerCredentials({}, kOpen).status();
  CHECK(server.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(Mentions(server, "pumasi init"));
  CHECK(MakeChannelCredentials({}, {"", "node-1", 80}).status().code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("good files make credentials") {
  const TempFolder folder;
  REQUIRE(InitCertificates(folder.path(), {{"a", v1::ROLE_SERVER, {"localhost"}}}).ok());
  CHECK(MakeServerCredentials(TlsOf(folder.path(), "a"), kOpen).ok());
  CHECK(MakeChannelCredentials(TlsOf(folder.path(), "a"), kOpen).ok());
}

TEST_CASE("each wrong file is named with its setting") {
  const TempFolder folder, other;
  REQUIRE(InitCertificates(folder.path(), {{"a", v1::ROLE_SERVER, {}}, {"b", v1::ROLE_SERVER, {}}}).ok());
  REQUIRE(InitCertificates(other.path(), {{"a", v1::ROLE_SERVER, {}}}).ok());
  const absl::Time now = RealClock().WallNow();
  const auto error = [&](const v1::Tls& tls) { return ReadPemFiles(tls, now).status(); };

  v1::Tls tls = TlsOf(folder.path(), "a");
  REQUIRE(error(tls).ok());
  tls.clear_key();
  CHECK(Mentions(error(tls), "tls.key: missing"));
  tls = TlsOf(folder.path(), "missing");
  CHECK(Mentions(error(tls), "tls.certificate: " + folder.path() + "/missing.crt: can't open"));
  tls = TlsOf(folder.path(), "a");
  tls.set_key(folder / "b.key");
  CHECK(Mentions(error(tls), "tls.key: " + folder.path() + "/b.key: not the key of"));
  tls.set_key(folder / "a.crt");
  CHECK(Mentions(error(tls), "tls.key"));
  tls = TlsOf(folder.path(), "a");
  tls.set_ca(other / "ca.crt");
  CHECK(Mentions(error(tls), "not signed by"));
  tls = TlsOf(folder.path(), "a");
  REQUIRE(WriteFileDurably(RealFiles(), folder / "text", "hello").ok());
  tls.set_ca(folder / "text");
  CHECK(Mentions(error(tls), "tls.ca: " + folder.path() + "/text: can't read a certificate in PEM"));
}

TEST_CASE("a key that others may read is refused") {
  const TempFolder folder;
  REQUIRE(InitCertificates(folder.path(), {{"a", v1::ROLE_SERVER, {}}}).ok());
  REQUIRE(chmod((folder / "a.key").c_str(), 0640) == 0);
  const absl::Status status = ReadPemFiles(TlsOf(folder.path(), "a"), RealClock().WallNow()).status();
  CHECK(Mentions(status, "mode 0640"));
  CHECK(Mentions(status, "chmod 600"));
}

TEST_CASE("a certificate outside of its validity is refused") {
  const TempFolder folder;
  ManualClock clock(absl::ZeroDuration(), absl::FromUnixSeconds(1700000000));
  REQUIRE(InitCertificates(folder.path(), {{"a", v1::ROLE_SERVER, {}}}, RealFiles(), clock).ok());
  const v1::Tls tls = TlsOf(folder.path(), "a");
  CHECK(ReadPemFiles(tls, clock.WallNow()).ok());
  CHECK(Mentions(ReadPemFiles(tls, clock.WallNow() - absl::Hours(2)).status(), "valid only from"));
  CHECK(Mentions(ReadPemFiles(tls, clock.WallNow() + absl::Hours(24 * 731)).status(), "valid only until"));
}

}  // namespace
}  // namespace pumasi
