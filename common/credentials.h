// gRPC credentials from settings. The rule: what can't be reached from another machine (loopback, unix sockets) needs
// none; everything else needs mutual TLS.
#ifndef PUMASI_COMMON_CREDENTIALS_H_
#define PUMASI_COMMON_CREDENTIALS_H_

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "common/address.h"
#include "common/clock.h"
#include "proto/config.pb.h"

namespace pumasi {

// For listening on `listen`. With tls: clients have to show a certificate of the same authority. Without: only on
// loopback and unix sockets, otherwise FailedPrecondition says why and how to mend it. Unix sockets never use TLS: who
// may open the file may call. Every call goes through common/authorize.h where the peer is authenticated by TLS.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const v1::Tls& tls,
                                                                               const Address& listen,
                                                                               const Clock& clock = RealClock());

// For dialling `target`, likewise. With TLS the server's certificate has to name the dialled host.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(const v1::Tls& tls,
                                                                                 const Address& target,
                                                                                 const Clock& clock = RealClock());

}  // namespace pumasi

#endif  // PUMASI_COMMON_CREDENTIALS_H_
