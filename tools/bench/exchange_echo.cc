// The limit that gRPC sets: the calls of an exchange, whose bytes come from one buffer and are dropped.
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/calls_in_flight.h"
#include "common/rpc/daemon.h"
#include "common/rpc_channel.h"
#include "common/rpc_server.h"
#include "proto/parameter_server.grpc.pb.h"
#include "tools/bench/exchange_counters.h"
#include "tools/bench/exchange_first_error.h"
#include "tools/bench/exchange_limits.h"

namespace pumasi {
namespace {

constexpr std::chrono::seconds kCallTimeout{20};
constexpr char kPull[] = "/pumasi.v1.ParameterServer/Pull";
constexpr char kPush[] = "/pumasi.v1.ParameterServer/Push";

// The bytes are never copied: gRPC reads them where they lie.
grpc::ByteBuffer BufferOf(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size(), grpc::Slice::STATIC_SLICE);
  return grpc::ByteBuffer(&slice, 1);
}

class EchoService final : public v1::ParameterServer::WithRawCallbackMethod_Pull<
                              v1::ParameterServer::WithRawCallbackMethod_Push<v1::ParameterServer::CallbackService>> {
 public:
  explicit EchoService(const std::string& pulled) : pulled_(pulled) {}
  using Context = grpc::CallbackServerContext;
  grpc::ServerUnaryReactor* Pull(Context* context, const grpc::ByteBuffer*, grpc::ByteBuffer* response) override {
    *response = BufferOf(pulled_);
    return Answer(context);
  }
  grpc::ServerUnaryReactor* Push(Context* context, const grpc::ByteBuffer*, grpc::ByteBuffer* response) override {
    *response = BufferOf("");
    return Answer(context);
  }

 private:
  static grpc::ServerUnaryReactor* Answer(Context* context) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  const std::string& pulled_;
};

// What the legs of one client share.
struct EchoClient {
  LegBytes bytes;
  std::string pushed;
  ExchangeCounter& counter;
  FirstError error;
  CallsInFlight calls;
};

// One leg after the other with one server, each call begun by the answer to the one before.
class EchoLegs {
 public:
  EchoLegs(std::string server, std::shared_ptr<grpc::Channel> channel, EchoClient& client)
      : server_(std::move(server)), channel_(std::move(channel)), client_(client) {}

  void Pull() {
    Call(kPull, "", [this](const grpc::ByteBuffer& response) {
      if (response.Length() == client_.bytes.pulled) return Push();
      client_.error.Set(absl::InternalError(absl::StrCat(server_, " answers with ", response.Length(), " bytes")));
    });
  }

 private:
  struct OneCall {
    grpc::ClientContext context;
    grpc::ByteBuffer request, response;
  };

  void Push() {
    Call(kPush, client_.pushed, [this](const grpc::ByteBuffer&) {
      client_.counter.AddLegs(1, client_.bytes.pulled + client_.bytes.pushed);
      if (client_.counter.legs() >= kLimitWarmUp) client_.counter.TellReady();
      Pull();
    });
  }
  void Call(const char* method, std::string_view bytes, std::function<void(const grpc::ByteBuffer&)> next) {
    auto call = std::make_shared<OneCall>();
    call->context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    call->request = BufferOf(bytes);
    if (!client_.calls.Begin(&call->context, this)) return;
    grpc::GenericStub(channel_).UnaryCall(
        &call->context, method, {}, &call->request, &call->response,
        [this, call, next = std::move(next)](const grpc::Status& status) {
          if (status.ok()) {
            next(call->response);
          } else {
            client_.error.Set(absl::UnavailableError(absl::StrCat(server_, ": ", status.error_message())));
          }
          client_.calls.End(&call->context);
        });
  }

  const std::string server_;
  const std::shared_ptr<grpc::Channel> channel_;
  EchoClient& client_;
};

}  // namespace

absl::Status RunEchoServer(const std::string& folder, uint32_t number, const std::string& socket, LegBytes bytes) {
  SetUpProcess();
  auto counters = ExchangeCounters::Open(folder + "/counters");
  if (!counters.ok()) return counters.status();
  const std::string pulled(bytes.pulled, 'x');
  EchoService service(pulled);
  RpcServerOptions options;
  options.listen = "unix:" + socket;
  options.services = {&service};
  const auto server = RpcServer::Start(options);
  if (!server.ok()) return server.status();
  (*counters)->server(number).TellReady();
  return FirstError().Wait();  // until it is killed
}

absl::Status RunEchoClient(const std::string& folder, uint32_t number, const std::vector<std::string>& sockets,
                           LegBytes bytes) {
  SetUpProcess();
  auto counters = ExchangeCounters::Open(folder + "/counters");
  if (!counters.ok()) return counters.status();
  EchoClient client{bytes, std::string(bytes.pushed, 'x'), (*counters)->client(number), {}, {}};
  std::deque<EchoLegs> legs;
  for (const std::string& socket : sockets) {
    auto channel = MakeRpcChannel({"unix:" + socket, {}});
    if (!channel.ok()) return channel.status();
    legs.emplace_back(socket, *std::move(channel), client);
  }
  for (EchoLegs& of_server : legs) of_server.Pull();
  absl::Status status = client.error.Wait();
  client.calls.CancelAll();
  client.calls.Wait();
  return status;
}

}  // namespace pumasi
