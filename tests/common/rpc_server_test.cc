#include "common/rpc_server.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "common/authorize.h"
#include "common/file.h"
#include "common/identity.h"
#include "common/rpc_channel.h"
#include "common/rpc_error.h"
#include "proto/scheduler.grpc.pb.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

// Says who called; waits in GetJob until the call is cancelled.
class FakeScheduler : public v1::Scheduler::Service {
 public:
  grpc::Status ListNodes(grpc::ServerContext* context, const v1::ListNodesRequest*,
                         v1::ListNodesResponse* response) override {
    const auto identity = IdentityOf(*context->auth_context());
    response->add_nodes()->set_note(identity.has_value() ? IdentityUri(*identity) : "plain");
    return Authorize(*context->auth_context(), "/pumasi.v1.Scheduler/ListNodes");
  }
  grpc::Status Leave(grpc::ServerContext*, const v1::LeaveRequest*, v1::LeaveResponse*) override {
    leave_reached = true;
    return RpcError(v1::ErrorDetail::UNKNOWN_INCARNATION, "who?");
  }
  grpc::Status GetJob(grpc::ServerContext* context, const v1::GetJobRequest*, v1::GetJobResponse*) override {
    in_get_job.Notify();
    while (!context->IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  }

  absl::Notification in_get_job;
  bool leave_reached = false;
};

v1::Tls TlsOf(const std::string& folder, const std::string& name) {
  v1::Tls tls;
  tls.set_ca(folder + "/ca.crt");
  tls.set_certificate(folder + "/" + name + ".crt");
  tls.set_key(folder + "/" + name + ".key");
  return tls;
}

std::unique_ptr<v1::Scheduler::Stub> Dial(const std::string& target, const v1::Tls& tls = {}) {
  RpcChannelOptions options;
  options.target = target;
  options.tls = tls;
  options.own_connection = true;
  const auto channel = MakeRpcChannel(options);
  REQUIRE(channel.ok());
  return v1::Scheduler::NewStub(*channel);
}

void SetDeadline(grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
}

// Calls ListNodes; who the server said was calling, or the error.
std::string WhoAmI(v1::Scheduler::Stub* stub) {
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::ListNodesResponse response;
  const grpc::Status status = stub->ListNodes(&context, {}, &response);
  return status.ok() ? response.nodes(0).note() : "error " + std::to_string(status.error_code());
}

std::unique_ptr<RpcServer> Start(const RpcServerOptions& options) {
  auto server = RpcServer::Start(options);
  INFO(server.status().message());
  REQUIRE(server.ok());
  return *std::move(server);
}

absl::Status StartError(const std::string& listen, const v1::Tls& tls = {}, const std::string& advertise = "") {
  RpcServerOptions options;
  options.listen = listen;
  options.tls = tls;
  options.advertise = advertise;
  return RpcServer::Start(options).status();
}

TEST_CASE("a server on any free port of loopback is reached by the address that it advertises") {
  FakeScheduler service;
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {&service};
  const auto server = Start(options);
  CHECK(server->address().port > 0);
  CHECK(server->advertised() == server->address());
  const auto stub = Dial(server->advertised().ToString());
  CHECK(WhoAmI(stub.get()) == "plain");
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::LeaveResponse response;
  CHECK(ReasonOf(stub->Leave(&context, {}, &response)) == v1::ErrorDetail::UNKNOWN_INCARNATION);
}

TEST_CASE("a port in use and an address that is none of this machine's are refused with the reason") {
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  const auto server = Start(options);
  const absl::Status taken = StartError(server->address().ToString());
  CHECK(taken.code() == absl::StatusCode::kAlreadyExists);
  CHECK(taken.message() == server->address().ToString() + ": the port is in use");
  CHECK(StartError("0.0.0.0:0").code() == absl::StatusCode::kFailedPrecondition);
  CHECK(StartError("nonsense").code() == absl::StatusCode::kInvalidArgument);
  CHECK(StartError("127.0.0.1:0", {}, "0.0.0.0").code() == absl::StatusCode::kInvalidArgument);
  const TempFolder folder;
  REQUIRE(InitCertificates(folder.path(), {{"s", v1::ROLE_SCHEDULER, {}}}).ok());
  const absl::Status foreign = StartError("192.0.2.1:0", TlsOf(folder.path(), "s"));
  CHECK(foreign.message() == "192.0.2.1:0: not an address of this machine");
}

TEST_CASE("a unix socket is served, defended while somebody listens, and replaced when nobody does") {
  const TempFolder folder;
  FakeScheduler service;
  RpcServerOptions options;
  options.listen = "unix:" + (folder / "socket");
  options.services = {&service};
  {
    const auto server = Start(options);
    CHECK(WhoAmI(Dial(server->advertised().ToString()).get()) == "plain");
    CHECK(StartError(options.listen).code() == absl::StatusCode::kAlreadyExists);
    CHECK(WhoAmI(Dial(server->advertised().ToString()).get()) == "plain");
  }
  // What a killed process leaves: a socket's file without a listener.
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::strcpy(name.sun_path, (folder / "socket").c_str());
  unlink(name.sun_path);
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(left, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0);
  close(left);
  {
    const auto server = Start(options);
    CHECK(WhoAmI(Dial(server->advertised().ToString()).get()) == "plain");
  }
  REQUIRE(WriteFileDurably(RealFiles(), folder / "file", "precious").ok());
  CHECK(StartError("unix:" + (folder / "file")).code() == absl::StatusCode::kAlreadyExists);
  CHECK(*ReadFile(RealFiles(), folder / "file", 100) == "precious");
  CHECK(StartError("unix:" + (folder / "missing/socket")).code() == absl::StatusCode::kNotFound);
}

TEST_CASE("with TLS a peer is who its certificate says, and may call what its role may") {
  const TempFolder folder, other;
  REQUIRE(InitCertificates(folder.path(), {{"s", v1::ROLE_SCHEDULER, {"localhost", "127.0.0.1"}},
                                           {"far", v1::ROLE_SCHEDULER, {"far.example.org"}},
                                           {"me", v1::ROLE_CLIENT, {}},
                                           {"w", v1::ROLE_WORKER, {}}})
              .ok());
  REQUIRE(InitCertificates(other.path(), {{"me", v1::ROLE_CLIENT, {}}}).ok());
  FakeScheduler service;
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tls = TlsOf(folder.path(), "s");
  options.services = {&service};
  const auto server = Start(options);
  const std::string target = server->advertised().ToString();

  CHECK(WhoAmI(Dial(target, TlsOf(folder.path(), "me")).get()) == "pumasi://client/me");
  CHECK(WhoAmI(Dial(target, TlsOf(folder.path(), "w")).get()) == "error 7");
  SECTION("a handler does not see a call that is not allowed") {
    const auto stub = Dial(target, TlsOf(folder.path(), "me"));
    grpc::ClientContext context;
    SetDeadline(&context);
    v1::LeaveResponse response;
    const grpc::Status status = stub->Leave(&context, {}, &response);
    CHECK(status.error_code() == grpc::StatusCode::PERMISSION_DENIED);
    CHECK(status.error_message() == "/pumasi.v1.Scheduler/Leave: not for a client (me)");
    CHECK_FALSE(service.leave_reached);
  }
  SECTION("peers without a certificate, or of another authority, do not get in") {
    CHECK(WhoAmI(Dial(target).get()) == "error 14");
    CHECK(WhoAmI(Dial(target, TlsOf(other.path(), "me")).get()) == "error 14");
  }
  SECTION("a server that is not the dialled host is not talked to") {
    options.tls = TlsOf(folder.path(), "far");
    const auto far = Start(options);
    CHECK(WhoAmI(Dial(far->advertised().ToString(), TlsOf(folder.path(), "me")).get()) == "error 14");
  }
}

// The answer to one message on any method, both as bytes; "" after an error.
std::string CallRaw(const std::string& target, const char* method, const std::string& request) {
  RpcChannelOptions options;
  options.target = target;
  const auto channel = MakeRpcChannel(options);
  REQUIRE(channel.ok());
  grpc::ClientContext context;
  SetDeadline(&context);
  const grpc::Slice slice(request);
  grpc::ByteBuffer response;
  const grpc::internal::RpcMethod call(method, grpc::internal::RpcMethod::NORMAL_RPC);
  const grpc::Status status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      channel->get(), call, &context, grpc::ByteBuffer(&slice, 1), &response);
  grpc::Slice answer;
  if (!status.ok() || !response.DumpToSingleSlice(&answer).ok()) return "";
  return std::string(reinterpret_cast<const char*>(answer.begin()), answer.size());
}

TEST_CASE("health says whether the server serves, and reflection lists its services") {
  FakeScheduler service;
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {&service};
  const auto server = Start(options);
  const std::string target = server->advertised().ToString();
  // HealthCheckResponse.status (field 1): SERVING is 1, NOT_SERVING is 2.
  CHECK(CallRaw(target, "/grpc.health.v1.Health/Check", "") == "\x08\x01");
  server->SetServing(false);
  CHECK(CallRaw(target, "/grpc.health.v1.Health/Check", "") == "\x08\x02");
  // ServerReflectionRequest.list_services (field 7).
  const std::string services =
      CallRaw(target, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", std::string("\x3a\x00", 2));
  CHECK(services.find("pumasi.v1.Scheduler") != std::string::npos);
}

TEST_CASE("messages larger than the limit are refused") {
  FakeScheduler service;
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  options.max_message = 65536;
  options.services = {&service};
  const auto server = Start(options);
  const auto stub = Dial(server->advertised().ToString());
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::SubmitRequest request;
  request.set_base(std::string(100000, 'x'));
  v1::SubmitResponse response;
  CHECK(stub->Submit(&context, request, &response).error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("shutting down ends calls that wait") {
  FakeScheduler service;
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {&service};
  const auto server = Start(options);
  const auto stub = Dial(server->advertised().ToString());
  grpc::Status status;
  std::thread caller([&] {
    grpc::ClientContext context;
    SetDeadline(&context);
    v1::GetJobResponse response;
    status = stub->GetJob(&context, {}, &response);
  });
  REQUIRE(service.in_get_job.WaitForNotificationWithTimeout(absl::Seconds(20)));
  server->Shutdown(absl::Milliseconds(10));
  caller.join();
  CHECK_FALSE(status.ok());
}

}  // namespace
}  // namespace pumasi
