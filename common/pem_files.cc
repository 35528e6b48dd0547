#include "common/pem_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/errno_status.h"
#include "common/file.h"
#include "common/openssl_ptr.h"

namespace pumasi {
namespace {

constexpr uint64_t kLargestPem = 1 << 20;

absl::Status Wrong(absl::string_view setting, const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(setting, ": ", path, ": ", what));
}

absl::StatusOr<std::string> ReadPem(absl::string_view setting, const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(setting, ": missing; tls needs all of ca, certificate and key (`pumasi init DIR` makes them)"));
  }
  auto text = ReadFile(RealFiles(), path, kLargestPem);
  if (!text.ok()) return absl::InvalidArgumentError(absl::StrCat(setting, ": ", text.status().message()));
  return text;
}

absl::Status CheckKeyIsPrivate(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, path, "look at");
  if ((info.st_mode & 077) == 0) return absl::OkStatus();
  return Wrong(
      "tls.key", path,
      absl::StrFormat("others than its owner may use it (mode %04o); run: chmod 600 %s", info.st_mode & 07777, path));
}

std::string DayText(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone()); }

absl::Time TimeOf(const ASN1_TIME* time) {
  tm parts = {};
  ASN1_TIME_to_tm(time, &parts);
  return absl::FromTM(parts, absl::UTCTimeZone());
}

absl::Status CheckValidity(absl::string_view setting, const std::string& path, const X509* certificate,
                           absl::Time now) {
  const absl::Time from = TimeOf(X509_get0_notBefore(certificate));
  const absl::Time to = TimeOf(X509_get0_notAfter(certificate));
  if (now < from)
    return Wrong(setting, path, absl::StrCat("valid only from ", DayText(from), " on; is this machine's clock right?"));
  if (now > to) return Wrong(setting, path, absl::StrCat("valid only until ", DayText(to), "; make a new certificate"));
  return absl::OkStatus();
}

}  // namespace

bool HasTls(const v1::Tls& tls) { return tls.has_ca() || tls.has_certificate() || tls.has_key(); }

absl::StatusOr<PemFiles> ReadPemFiles(const v1::Tls& tls, absl::Time now) {
  auto ca_text = ReadPem("tls.ca", tls.ca());
  if (!ca_text.ok()) return ca_text.status();
  auto certificate_text = ReadPem("tls.certificate", tls.certificate());
  if (!certificate_text.ok()) return certificate_text.status();
  auto key_text = ReadPem("tls.key", tls.key());
  if (!key_text.ok()) return key_text.status();
  if (absl::Status status = CheckKeyIsPrivate(tls.key()); !status.ok()) return status;

  const auto ca = ParseCertificate(*ca_text);
  if (!ca.ok()) return Wrong("tls.ca", tls.ca(), ca.status().message());
  const auto certificate = ParseCertificate(*certificate_text);
  if (!certificate.ok()) return Wrong("tls.certificate", tls.certificate(), certificate.status().message());
  const auto key = ParseKey(*key_text);
  if (!key.ok()) return Wrong("tls.key", tls.key(), key.status().message());

  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    return Wrong("tls.key", tls.key(), absl::StrCat("not the key of ", tls.certificate()));
  }
  // A bundle of several authorities, or a chain, is left for the handshake to judge.
  const bool single = certificate_text->find("BEGIN CERTIFICATE") == certificate_text->rfind("BEGIN CERTIFICATE") &&
                      ca_text->find("BEGIN CERTIFICATE") == ca_text->rfind("BEGIN CERTIFICATE");
  if (single && X509_verify(certificate->get(), X509_get0_pubkey(ca->get())) != 1) {
    return Wrong("tls.certificate", tls.certificate(), absl::StrCat("not signed by ", tls.ca()));
  }
  if (absl::Status status = CheckValidity("tls.ca", tls.ca(), ca->get(), now); !status.ok()) return status;
  if (absl::Status status = CheckValidity("tls.certificate", tls.certificate(), certificate->get(), now);
      !status.ok()) {
    return status;
  }
  return PemFiles{*std::move(ca_text), *std::move(certificate_text), *std::move(key_text)};
}

}  // namespace pumasi
