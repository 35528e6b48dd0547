#include "common/authorize.h"

#include <google/protobuf/descriptor.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/metrics.pb.h"
#include "proto/parameter_server.pb.h"
#include "proto/scheduler.pb.h"

namespace pumasi {
namespace {

struct NoProperties : grpc::AuthPropertyIterator {};

// What gRPC tells about a peer.
class FakePeer : public grpc::AuthContext {
 public:
  FakePeer(bool authenticated, const std::string& type, const std::vector<std::string>& uris)
      : authenticated_(authenticated), type_(type), uris_(uris) {}

  bool IsPeerAuthenticated() const override { return authenticated_; }
  std::vector<grpc::string_ref> GetPeerIdentity() const override { return {}; }
  std::string GetPeerIdentityPropertyName() const override { return ""; }
  std::vector<grpc::string_ref> FindPropertyValues(const std::string& name) const override {
    std::vector<grpc::string_ref> values;
    if (name == "transport_security_type" && !type_.empty()) values.push_back(type_);
    if (name == "peer_uri") values.assign(uris_.begin(), uris_.end());
    return values;
  }
  grpc::AuthPropertyIterator begin() const override { return NoProperties(); }
  grpc::AuthPropertyIterator end() const override { return NoProperties(); }
  void AddProperty(const std::string&, const grpc::string_ref&) override {}
  bool SetPeerIdentityPropertyName(const std::string&) override { return false; }

 private:
  const bool authenticated_;
  const std::string type_;
  const std::vector<std::string> uris_;
};

FakePeer Plain() { return FakePeer(false, "insecure", {}); }
FakePeer WithCertificate(const std::vector<std::string>& uris) { return FakePeer(true, "ssl", uris); }

constexpr v1::Role kRoles[] = {v1::ROLE_SCHEDULER, v1::ROLE_SERVER, v1::ROLE_WORKER, v1::ROLE_CLIENT};

// Who may call what, once more and by hand: a changed option has to be changed here as well.
const std::map<std::string, std::set<v1::Role>>& Table() {
  static const std::map<std::string, std::set<v1::Role>> table = {
      {"/pumasi.v1.Scheduler/Register", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/Heartbeat", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/Leave", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/ReportPrepared", {v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/UploadAssets", {v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/ReportReady", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/ReportFilled", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/ReportShardSaved", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/CombineNorms", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/MeetGroup", {v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/ReportFailure", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/ReportUse", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/LeaseUnits", {v1::ROLE_WORKER}},
      {"/pumasi.v1.Scheduler/Submit", {v1::ROLE_CLIENT}},
      {"/pumasi.v1.Scheduler/ListJobs", {v1::ROLE_CLIENT}},
      {"/pumasi.v1.Scheduler/GetJob", {v1::ROLE_CLIENT}},
      {"/pumasi.v1.Scheduler/Cancel", {v1::ROLE_CLIENT}},
      {"/pumasi.v1.Scheduler/ListNodes", {v1::ROLE_CLIENT}},
      {"/pumasi.v1.Scheduler/Resume", {v1::ROLE_CLIENT}},
      {"/pumasi.v1.Scheduler/Drain", {v1::ROLE_CLIENT}},
      {"/pumasi.v1.Scheduler/GetTrace", {v1::ROLE_CLIENT}},
      {"/pumasi.v1.Scheduler/Audit", {v1::ROLE_CLIENT}},
      {"/pumasi.v1.ParameterServer/Pull", {v1::ROLE_WORKER}},
      {"/pumasi.v1.ParameterServer/Push", {v1::ROLE_WORKER}},
      {"/pumasi.v1.ParameterServer/OpenLocal", {v1::ROLE_WORKER}},
      {"/pumasi.v1.ParameterServer/FetchSlot", {v1::ROLE_SERVER, v1::ROLE_WORKER}},
      {"/pumasi.v1.Metrics/GetMetrics", {v1::ROLE_CLIENT}},
  };
  return table;
}

std::vector<std::string> MethodsOf(const google::protobuf::FileDescriptor* file) {
  std::vector<std::string> methods;
  for (int i = 0; i < file->service_count(); ++i) {
    for (int j = 0; j < file->service(i)->method_count(); ++j) {
      methods.push_back(absl::StrCat("/", file->service(i)->full_name(), "/", file->service(i)->method(j)->name()));
    }
  }
  return methods;
}

TEST_CASE("every method of every service is in the table, and each role may call what the table says") {
  std::vector<std::string> methods = MethodsOf(v1::SubmitRequest::descriptor()->file());
  for (const auto* other : {v1::PullRequest::descriptor(), v1::GetMetricsRequest::descriptor()}) {
    const auto more = MethodsOf(other->file());
    methods.insert(methods.end(), more.begin(), more.end());
  }
  CHECK(methods.size() == Table().size());
  for (const std::string& method : methods) {
    CAPTURE(method);
    REQUIRE(Table().count(method) == 1);
    CHECK(Authorize(Plain(), method).ok());
    for (const v1::Role role : kRoles) {
      CAPTURE(role);
      const grpc::Status status = Authorize(WithCertificate({IdentityUri({role, "n"})}), method);
      CHECK(status.ok() == (Table().at(method).count(role) == 1));
      if (!status.ok()) CHECK(status.error_code() == grpc::StatusCode::PERMISSION_DENIED);
    }
  }
}

TEST_CASE("methods without the option, or not known, are denied to everybody") {
  for (const char* method :
       {"/pumasi.v1.Scheduler/NoSuchMethod", "/other.Service/Call", "", "/", "pumasi.v1.Scheduler/Submit",
        "/pumasi.v1.Scheduler.Submit/", "/grpc.health.v1.Healthier/Check", "/grpc.channelz.v1.Channelz/GetServers"}) {
    CAPTURE(method);
    CHECK_FALSE(Authorize(Plain(), method).ok());
    for (const v1::Role role : kRoles) CHECK_FALSE(Authorize(WithCertificate({IdentityUri({role, "n"})}), method).ok());
  }
}

TEST_CASE("health and reflection are open to all who may connect") {
  for (const char* method : {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
                             "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    CHECK(Authorize(Plain(), method).ok());
    for (const v1::Role role : kRoles) CHECK(Authorize(WithCertificate({IdentityUri({role, "n"})}), method).ok());
    CHECK_FALSE(Authorize(WithCertificate({}), method).ok());
  }
}

TEST_CASE("a certificate has to name one identity") {
  const std::string submit = "/pumasi.v1.Scheduler/Submit";
  const std::string client = "pumasi://client/me";
  CHECK(Authorize(WithCertificate({client}), submit).ok());
  CHECK(Authorize(WithCertificate({"https://example.org", client}), submit).ok());
  CHECK_FALSE(Authorize(WithCertificate({client, "pumasi://worker/me"}), submit).ok());
  CHECK_FALSE(Authorize(WithCertificate({"https://example.org"}), submit).ok());
  CHECK_FALSE(Authorize(WithCertificate({}), submit).ok());
  CHECK_FALSE(Authorize(FakePeer(false, "ssl", {client}), submit).ok());
  CHECK_FALSE(Authorize(FakePeer(false, "ssl", {}), submit).ok());
  CHECK(IdentityOf(WithCertificate({client}))->name == "me");
  CHECK_FALSE(IdentityOf(Plain()).has_value());
}

TEST_CASE("identities are read as they are written, and nothing else is") {
  const auto worker = ParseIdentity("pumasi://worker/worker-1");
  REQUIRE(worker.has_value());
  CHECK(worker->role == v1::ROLE_WORKER);
  CHECK(worker->name == "worker-1");
  CHECK(IdentityUri(*worker) == "pumasi://worker/worker-1");
  for (const char* uri :
       {"", "pumasi://", "pumasi://worker", "pumasi://worker/", "pumasi://boss/x", "pumasi://WORKER/x",
        "pumasi://ROLE_WORKER/x", "pumasi://unspecified/x", "http://worker/x", "xpumasi://worker/x"}) {
    CAPTURE(uri);
    CHECK_FALSE(ParseIdentity(uri).has_value());
  }
}

}  // namespace
}  // namespace pumasi
