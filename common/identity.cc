#include "common/identity.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/authorize.h"
#include "common/certificate.h"
#include "common/escape.h"

namespace pumasi {
namespace {

constexpr absl::Duration kAuthorityValidity = absl::Hours(24 * 3650);
constexpr absl::Duration kNodeValidity = absl::Hours(24 * 730);
// Machines of a cluster may be this far apart in time.
constexpr absl::Duration kClockSkew = absl::Hours(1);
constexpr uint64_t kLargestPem = 1 << 20;
constexpr unsigned kKeyMode = 0600;
constexpr unsigned kCertificateMode = 0644;

struct NewFile {
  std::string path;
  std::string contents;
  unsigned mode;
};

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool IsIp(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

absl::Status CheckNode(const NodeCertificate& node) {
  const std::string shown = absl::StrCat("node '", EscapeControls(node.name), "': ");
  const bool good_name = !node.name.empty() && node.name.size() <= 64 && node.name[0] != '.' && node.name[0] != '-' &&
                         std::all_of(node.name.begin(), node.name.end(), IsNameCharacter);
  if (!good_name) {
    return absl::InvalidArgumentError(absl::StrCat(
        shown, "a name is up to 64 letters, digits, '-', '_' and '.', and begins with none of the last two"));
  }
  if (node.name == "ca") return absl::InvalidArgumentError(absl::StrCat(shown, "this name is the authority's"));
  if (!v1::Role_IsValid(node.role) || node.role == v1::ROLE_UNSPECIFIED) {
    return absl::InvalidArgumentError(absl::StrCat(shown, "the role is missing"));
  }
  for (const std::string& host : node.hosts) {
    const bool dns = !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), IsNameCharacter);
    if (!dns && !IsIp(host)) {
      return absl::InvalidArgumentError(
          absl::StrCat(shown, "'", EscapeControls(host), "' is no host name or IP address"));
    }
  }
  return absl::OkStatus();
}

std::string AlternativeNames(const NodeCertificate& node) {
  std::vector<std::string> names = {absl::StrCat("URI:", IdentityUri({node.role, node.name}))};
  for (const std::string& host : node.hosts) names.push_back(absl::StrCat(IsIp(host) ? "IP:" : "DNS:", host));
  return absl::StrJoin(names, ",");
}

absl::Status AddFiles(const std::string& folder, const std::string& name, const KeyPair& pair,
                      std::vector<NewFile>* added) {
  auto certificate = CertificatePem(pair);
  if (!certificate.ok()) return certificate.status();
  auto key = KeyPem(pair);
  if (!key.ok()) return key.status();
  added->push_back({absl::StrCat(folder, "/", name, ".key"), *std::move(key), kKeyMode});
  added->push_back({absl::StrCat(folder, "/", name, ".crt"), *std::move(certificate), kCertificateMode});
  return absl::OkStatus();
}

absl::StatusOr<KeyPair> ReadAuthority(Files& files, const std::string& folder) {
  const auto certificate_text = ReadFile(files, folder + "/ca.crt", kLargestPem);
  if (!certificate_text.ok()) return certificate_text.status();
  const auto key_text = ReadFile(files, folder + "/ca.key", kLargestPem);
  if (!key_text.ok()) return key_text.status();
  auto certificate = ParseCertificate(*certificate_text);
  if (!certificate.ok())
    return absl::InvalidArgumentError(absl::StrCat(folder, "/ca.crt: ", certificate.status().message()));
  auto key = ParseKey(*key_text);
  if (!key.ok()) return absl::InvalidArgumentError(absl::StrCat(folder, "/ca.key: ", key.status().message()));
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    return absl::InvalidArgumentError(absl::StrCat(folder, "/ca.key: not the key of ca.crt"));
  }
  return KeyPair{*std::move(certificate), *std::move(key)};
}

// The folder's authority, or a new one, whose files are added to `added`.
absl::StatusOr<KeyPair> Authority(Files& files, const std::string& folder, absl::Time now,
                                  std::vector<NewFile>* added) {
  const auto certificate_there = files.Exists(folder + "/ca.crt");
  if (!certificate_there.ok()) return certificate_there.status();
  const auto key_there = files.Exists(folder + "/ca.key");
  if (!key_there.ok()) return key_there.status();
  if (*certificate_there != *key_there) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder, ": has one of ca.crt and ca.key, and the other is missing"));
  }
  if (*certificate_there) return ReadAuthority(files, folder);
  auto authority = MakeAuthority("cluster authority", now - kClockSkew, now + kAuthorityValidity);
  if (!authority.ok()) return authority.status();
  if (absl::Status status = AddFiles(folder, "ca", *authority, added); !status.ok()) return status;
  return authority;
}

absl::Status WriteNew(Files& files, const NewFile& made) {
  auto file = files.Create(made.path, {.mode = made.mode, .exclusive = true});
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->Write(made.contents);
  if (status.ok()) status = (*file)->Sync();
  if (absl::Status closed = (*file)->Close(); status.ok()) status = closed;
  return status;
}

}  // namespace

absl::Status InitCertificates(const std::string& folder, const std::vector<NodeCertificate>& nodes, Files& files,
                              const Clock& clock) {
  const absl::Time now = clock.WallNow();
  for (const NodeCertificate& node : nodes) {
    if (absl::Status status = CheckNode(node); !status.ok()) return status;
    for (const char* ending : {".crt", ".key"}) {
      const std::string path = absl::StrCat(folder, "/", node.name, ending);
      const auto there = files.Exists(path);
      if (!there.ok()) return there.status();
      if (*there) return absl::AlreadyExistsError(absl::StrCat(path, ": is there already, and is not overwritten"));
    }
    const auto same = [&](const NodeCertificate& other) { return other.name == node.name; };
    if (std::count_if(nodes.begin(), nodes.end(), same) > 1) {
      return absl::InvalidArgumentError(absl::StrCat("node '", node.name, "': given twice"));
    }
  }
  std::vector<NewFile> added;
  const auto authority = Authority(files, folder, now, &added);
  if (!authority.ok()) return authority.status();
  for (const NodeCertificate& node : nodes) {
    const auto pair =
        MakeCertificate(*authority, node.name, AlternativeNames(node), now - kClockSkew, now + kNodeValidity);
    if (!pair.ok()) return pair.status();
    if (absl::Status status = AddFiles(folder, node.name, *pair, &added); !status.ok()) return status;
  }
  if (absl::Status status = files.MakeFolder(folder); !status.ok()) return status;
  for (const NewFile& made : added) {
    if (absl::Status status = WriteNew(files, made); !status.ok()) return status;
  }
  return files.SyncFolder(folder);
}

}  // namespace pumasi
