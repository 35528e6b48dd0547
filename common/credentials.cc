#include "common/credentials.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/authorize.h"
#include "common/pem_files.h"

namespace pumasi {
namespace {

// OK if calls to this address may go without TLS.
absl::Status AllowPlain(const Address& address, absl::string_view verb) {
  if (IsLoopback(address)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      verb, " ", address.ToString(),
      ", which other machines can reach, needs mutual TLS: set tls.ca, tls.certificate and tls.key (`pumasi init "
      "DIR` makes them), or use a loopback address such as 127.0.0.1"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const v1::Tls& tls,
                                                                               const Address& listen,
                                                                               const Clock& clock) {
  if (listen.is_unix()) return grpc::InsecureServerCredentials();
  if (!HasTls(tls)) {
    if (absl::Status status = AllowPlain(listen, "to listen on"); !status.ok()) return status;
    return grpc::InsecureServerCredentials();
  }
  auto files = ReadPemFiles(tls, clock.WallNow());
  if (!files.ok()) return files.status();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = std::move(files->ca);
  options.pem_key_cert_pairs.push_back({std::move(files->key), std::move(files->certificate)});
  auto credentials = grpc::SslServerCredentials(options);
  credentials->SetAuthMetadataProcessor(MakeAuthorizer());
  return credentials;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(const v1::Tls& tls,
                                                                                 const Address& target,
                                                                                 const Clock& clock) {
  if (target.is_unix()) return grpc::InsecureChannelCredentials();
  if (!HasTls(tls)) {
    if (absl::Status status = AllowPlain(target, "to dial"); !status.ok()) return status;
    return grpc::InsecureChannelCredentials();
  }
  auto files = ReadPemFiles(tls, clock.WallNow());
  if (!files.ok()) return files.status();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = std::move(files->ca);
  options.pem_private_key = std::move(files->key);
  options.pem_cert_chain = std::move(files->certificate);
  return grpc::SslCredentials(options);
}

}  // namespace pumasi
