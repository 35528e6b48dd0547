#include "common/authorize.h"

#include <google/protobuf/descriptor.h>
#include <grpc/grpc_security_constants.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/escape.h"
#include "common/schema.h"

namespace pumasi {
namespace {

constexpr absl::string_view kScheme = "pumasi://";
constexpr absl::string_view kOpenServices[] = {"/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/"};

absl::string_view View(grpc::string_ref text) { return absl::string_view(text.data(), text.size()); }

grpc::Status Denied(absl::string_view method, absl::string_view why) {
  return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, absl::StrCat(EscapeControls(method), ": ", why));
}

// The (access) option; null if the method is not known.
const v1::Access* AccessOf(absl::string_view full_method) {
  absl::string_view name = full_method;
  if (!absl::ConsumePrefix(&name, "/")) return nullptr;
  // "pumasi.v1.Scheduler/Submit" is pumasi.v1.Scheduler.Submit to protobuf.
  const auto* const method =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(absl::StrReplaceAll(name, {{"/", "."}}));
  return method == nullptr ? nullptr : &method->options().GetExtension(v1::access);
}

// TLS peers are authenticated. What else connects does so without TLS, where only loopback and unix sockets are served.
bool IsPlain(const grpc::AuthContext& peer) {
  const auto types = peer.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  return !peer.IsPeerAuthenticated() && (types.empty() || View(types[0]) == "insecure");
}

class Authorizer : public grpc::AuthMetadataProcessor {
 public:
  // A look into a table: no need for a thread of its own.
  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* peer, OutputMetadata*,
                       OutputMetadata*) override {
    const auto path = metadata.find(":path");
    if (path == metadata.end()) return Denied("", "the call names no method");
    return Authorize(*peer, View(path->second));
  }
};

}  // namespace

std::optional<PeerIdentity> ParseIdentity(absl::string_view uri) {
  if (!absl::ConsumePrefix(&uri, kScheme)) return std::nullopt;
  const size_t slash = uri.find('/');
  if (slash == absl::string_view::npos || slash + 1 == uri.size()) return std::nullopt;
  const auto* const role = FindEnumValue(*v1::Role_descriptor(), uri.substr(0, slash));
  if (role == nullptr) return std::nullopt;
  PeerIdentity identity = {static_cast<v1::Role>(role->number()), std::string(uri.substr(slash + 1))};
  if (IdentityUri(identity) != absl::StrCat(kScheme, uri)) return std::nullopt;
  return identity;
}

std::string IdentityUri(const PeerIdentity& identity) {
  const auto* const role = v1::Role_descriptor()->FindValueByNumber(identity.role);
  return absl::StrCat(kScheme, role == nullptr ? "" : EnumText(*role), "/", identity.name);
}

std::optional<PeerIdentity> IdentityOf(const grpc::AuthContext& peer) {
  if (!peer.IsPeerAuthenticated()) return std::nullopt;
  std::optional<PeerIdentity> identity;
  for (const grpc::string_ref& uri : peer.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    if (!absl::StartsWith(View(uri), kScheme)) continue;
    if (identity.has_value()) return std::nullopt;
    identity = ParseIdentity(View(uri));
    if (!identity.has_value()) return std::nullopt;
  }
  return identity;
}

grpc::Status Authorize(const grpc::AuthContext& peer, absl::string_view full_method) {
  const bool plain = IsPlain(peer);
  const auto identity = IdentityOf(peer);
  if (!plain && !identity.has_value()) {
    return Denied(full_method,
                  "the peer's certificate names no pumasi://ROLE/NAME; `pumasi init` makes such certificates");
  }
  for (const absl::string_view open : kOpenServices) {
    if (absl::StartsWith(full_method, open)) return grpc::Status::OK;
  }
  const v1::Access* const access = AccessOf(full_method);
  if (access == nullptr || access->roles().empty()) return Denied(full_method, "nobody may call this");
  if (plain) return grpc::Status::OK;
  if (std::find(access->roles().begin(), access->roles().end(), identity->role) != access->roles().end()) {
    return grpc::Status::OK;
  }
  const std::string role = EnumText(*v1::Role_descriptor()->FindValueByNumber(identity->role));
  return Denied(full_method, absl::StrCat("not for a ", role, " (", EscapeControls(identity->name), ")"));
}

std::shared_ptr<grpc::AuthMetadataProcessor> MakeAuthorizer() { return std::make_shared<Authorizer>(); }

}  // namespace pumasi
