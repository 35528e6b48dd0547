#include "worker/exchange/server_link.h"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <utility>

#include "proto/parameter_server.grpc.pb.h"

namespace pumasi {
namespace {

using std::chrono::steady_clock;

// A server that is started again is asked soon, one that is on another host seldom.
constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::milliseconds kLongestPause{60000};
constexpr std::chrono::milliseconds kAskTimeout{2000};

const char* PathOf(v1::LocalMethod method) {
  return method == v1::LOCAL_METHOD_PULL ? "/pumasi.v1.ParameterServer/Pull" : "/pumasi.v1.ParameterServer/Push";
}

}  // namespace

void ServerCall::TryCancel() {
  remote_.TryCancel();
  local_->TryCancel();
  direct_->TryCancel();
}

ServerLink::ServerLink(std::shared_ptr<grpc::Channel> channel, uint64_t max_message)
    : channel_(std::move(channel)), max_message_(max_message) {}

void ServerLink::Call(v1::LocalMethod method, const std::shared_ptr<ServerCall>& call,
                      std::chrono::milliseconds timeout, const Done& done) {
  if (direct_ != nullptr) {
    return call->direct_->Begin(*direct_, method, call->request, steady_clock::now() + timeout,
                                [call, done](const grpc::Status& status, grpc::ByteBuffer* response) {
                                  if (status.ok()) call->response.Swap(response);
                                  done(status);
                                });
  }
  call->remote_.set_deadline(std::chrono::system_clock::now() + timeout);
  if (const auto local = Local()) {
    LocalCall& to_send = *call->local_;
    to_send.method = method;
    to_send.request = &call->request;
    to_send.response = &call->response;
    to_send.deadline = steady_clock::now() + timeout;
    to_send.done = [self = shared_from_this(), method, call, done](const grpc::Status& status, bool no_room) {
      if (no_room) return self->CallRemote(method, call, done);
      done(status);
    };
    if (local->Call(call->local_)) return;
    to_send.done = nullptr;
  }
  CallRemote(method, call, done);
}

void ServerLink::CallRemote(v1::LocalMethod method, const std::shared_ptr<ServerCall>& call, const Done& done) {
  grpc::GenericStub(channel_).UnaryCall(&call->remote_, PathOf(method), {}, &call->request, &call->response,
                                        [call, done](const grpc::Status& status) { done(status); });
}

std::shared_ptr<LocalChannel> ServerLink::Local() {
  std::shared_ptr<LocalChannel> ended;  // without the lock
  std::lock_guard lock(mutex_);
  if (local_ != nullptr) {
    const LocalChannel::State state = local_->state();
    if (state == LocalChannel::State::kOpen) {
      pause_ = kFirstPause;
      return local_;
    }
    if (state == LocalChannel::State::kConnecting) return nullptr;
    ended.swap(local_);
    ended->Abandon();  // its thread may be in a callback that waits for the one which is here
  }
  if (!asking_ && steady_clock::now() >= next_) {
    asking_ = true;
    AskForMemory();
  }
  return nullptr;
}

void ServerLink::AskForMemory() {
  struct Ask {
    grpc::ClientContext context;
    v1::OpenLocalRequest request;
    v1::OpenLocalResponse response;
  };
  auto ask = std::make_shared<Ask>();
  ask->context.set_deadline(std::chrono::system_clock::now() + kAskTimeout);
  ask->request.set_version(v1::OpenLocalRequest::CURRENT);
  v1::ParameterServer::Stub(channel_).async()->OpenLocal(
      &ask->context, &ask->request, &ask->response, [weak = weak_from_this(), ask](const grpc::Status& status) {
        const auto self = weak.lock();
        if (self == nullptr) return;
        std::lock_guard lock(self->mutex_);
        self->asking_ = false;
        self->pause_ = std::clamp(self->pause_ * 2, kFirstPause, kLongestPause);
        self->next_ = steady_clock::now() + self->pause_;
        if (!status.ok()) return;
        self->local_ = std::make_shared<LocalChannel>(ask->response.name(), ask->response.token(), self->max_message_);
      });
}

}  // namespace pumasi
