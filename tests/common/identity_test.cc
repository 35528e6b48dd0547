#include "common/identity.h"

#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "common/openssl_ptr.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

unsigned ModeOf(const std::string& path) {
  struct stat info;
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

OpensslPtr<X509> Certificate(const std::string& path) {
  const auto text = ReadFile(RealFiles(), path, 1 << 20);
  REQUIRE(text.ok());
  auto certificate = ParseCertificate(*text);
  REQUIRE(certificate.ok());
  return *std::move(certificate);
}

TEST_CASE("a folder gets an authority and a certificate for each node, keys readable by their owner alone") {
  const TempFolder folder;
  const std::string certs = folder / "certs";
  REQUIRE(InitCertificates(
              certs, {{"server-1", v1::ROLE_SERVER, {"localhost", "127.0.0.1", "::1"}}, {"me", v1::ROLE_CLIENT, {}}})
              .ok());
  CHECK(*RealFiles().List(certs) ==
        std::vector<std::string>{"ca.crt", "ca.key", "me.crt", "me.key", "server-1.crt", "server-1.key"});
  for (const char* key : {"/ca.key", "/me.key", "/server-1.key"}) CHECK(ModeOf(certs + key) == 0600);

  const auto ca = Certificate(certs + "/ca.crt");
  const auto server = Certificate(certs + "/server-1.crt");
  CHECK(X509_verify(server.get(), X509_get0_pubkey(ca.get())) == 1);
  CHECK(X509_check_issued(ca.get(), server.get()) == X509_V_OK);
  CHECK(X509_check_ca(ca.get()) == 1);
  CHECK(X509_check_ca(server.get()) == 0);
  CHECK(X509_check_host(server.get(), "localhost", 0, 0, nullptr) == 1);
  CHECK(X509_check_host(server.get(), "server-1", 0, 0, nullptr) != 1);
  CHECK(X509_check_ip_asc(server.get(), "127.0.0.1", 0) == 1);
  CHECK(X509_check_ip_asc(server.get(), "::1", 0) == 1);
  CHECK(X509_check_ip_asc(server.get(), "127.0.0.2", 0) != 1);
  CHECK(X509_cmp_current_time(X509_get0_notBefore(server.get())) < 0);
  CHECK(X509_cmp_current_time(X509_get0_notAfter(server.get())) > 0);
}

TEST_CASE("nodes are added later under the same authority, and nothing is overwritten") {
  const TempFolder folder;
  REQUIRE(InitCertificates(folder.path(), {{"a", v1::ROLE_WORKER, {}}}).ok());
  const std::string before = *ReadFile(RealFiles(), folder / "a.crt", 1 << 20);
  REQUIRE(InitCertificates(folder.path(), {{"b", v1::ROLE_WORKER, {}}}).ok());
  const auto ca = Certificate(folder / "ca.crt");
  CHECK(X509_verify(Certificate(folder / "a.crt").get(), X509_get0_pubkey(ca.get())) == 1);
  CHECK(X509_verify(Certificate(folder / "b.crt").get(), X509_get0_pubkey(ca.get())) == 1);

  const absl::Status again = InitCertificates(folder.path(), {{"c", v1::ROLE_WORKER, {}}, {"a", v1::ROLE_SERVER, {}}});
  CHECK(again.code() == absl::StatusCode::kAlreadyExists);
  CHECK_FALSE(*RealFiles().Exists(folder / "c.crt"));
  CHECK(*ReadFile(RealFiles(), folder / "a.crt", 1 << 20) == before);

  REQUIRE(RealFiles().Remove(folder / "ca.key").ok());
  CHECK(InitCertificates(folder.path(), {{"d", v1::ROLE_WORKER, {}}}).code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("names, roles and hosts that can't be are refused before anything is written") {
  const TempFolder folder;
  const std::vector<NodeCertificate> wrong = {
      {"", v1::ROLE_WORKER, {}},
      {"ca", v1::ROLE_WORKER, {}},
      {"../x", v1::ROLE_WORKER, {}},
      {".x", v1::ROLE_WORKER, {}},
      {"a b", v1::ROLE_WORKER, {}},
      {"a", v1::ROLE_UNSPECIFIED, {}},
      {"a", v1::ROLE_WORKER, {""}},
      {"a", v1::ROLE_WORKER, {"x,URI:pumasi://scheduler/s"}},
      {"a", v1::ROLE_WORKER, {"*.example.org"}},
  };
  for (const NodeCertificate& node : wrong) {
    CAPTURE(node.name);
    CHECK(InitCertificates(folder.path(), {node}).code() == absl::StatusCode::kInvalidArgument);
  }
  CHECK(InitCertificates(folder.path(), {{"a", v1::ROLE_WORKER, {}}, {"a", v1::ROLE_WORKER, {}}}).code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(RealFiles().List(folder.path())->empty());
}

}  // namespace
}  // namespace pumasi
