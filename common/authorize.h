// Who may call what. Each method of proto/*.proto lists the roles that may call it in its (access) option; a peer's
// role is in its certificate, as the URI pumasi://ROLE/NAME. What is not allowed is denied.
#ifndef PUMASI_COMMON_AUTHORIZE_H_
#define PUMASI_COMMON_AUTHORIZE_H_

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/rules.pb.h"

namespace pumasi {

struct PeerIdentity {
  v1::Role role = v1::ROLE_UNSPECIFIED;
  std::string name;
};

// Of the URI in a certificate, "pumasi://worker/worker-1". Nothing if it is anything else.
std::optional<PeerIdentity> ParseIdentity(absl::string_view uri);
std::string IdentityUri(const PeerIdentity& identity);

// Who the peer's certificate says it is. Nothing without TLS, or if the certificate does not name exactly one identity.
std::optional<PeerIdentity> IdentityOf(const grpc::AuthContext& peer);

// May the peer call `full_method` ("/pumasi.v1.Scheduler/Submit")? OK, or PermissionDenied with the reason. A method
// without (access), or that this program does not know, is denied to everybody, but for gRPC's own health and
// reflection services, which are open to all who may connect. Peers without TLS come over loopback or a unix socket
// (common/credentials.h lets nobody else in) and may call all that anybody may.
grpc::Status Authorize(const grpc::AuthContext& peer, absl::string_view full_method);

// Applies Authorize to each call before its handler sees it. For TLS server credentials.
std::shared_ptr<grpc::AuthMetadataProcessor> MakeAuthorizer();

}  // namespace pumasi

#endif  // PUMASI_COMMON_AUTHORIZE_H_
