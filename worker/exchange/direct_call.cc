#include "worker/exchange/direct_call.h"

#include <utility>

namespace pumasi {

void DirectCall::Begin(DirectServer& server, v1::LocalMethod method, grpc::ByteBuffer request, TimePoint deadline,
                       Done done) {
  method_ = method;
  request_.Swap(&request);
  deadline_ = deadline;
  bool cancelled;
  {
    std::lock_guard lock(mutex_);
    server_ = &server;
    done_ = std::move(done);
    cancelled = cancelled_;
  }
  if (cancelled) return Finish(grpc::Status::CANCELLED, {});
  server.Serve(shared_from_this());
}

void DirectCall::TryCancel() {
  {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  Finish(grpc::Status::CANCELLED, {});
}

bool DirectCall::ended() const {
  std::lock_guard lock(mutex_);
  return done_ == nullptr;
}

void DirectCall::Finish(const grpc::Status& status, grpc::ByteBuffer response) {
  std::lock_guard lock(mutex_);
  if (done_ == nullptr) return;
  server_->Post([done = std::exchange(done_, nullptr), status, response = std::move(response)]() mutable {
    done(status, &response);
  });
}

}  // namespace pumasi
