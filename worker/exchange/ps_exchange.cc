#include "worker/exchange/ps_exchange.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "common/rpc_error.h"

namespace pumasi {
namespace {

template <typename Response>
struct OneCall {
  grpc::ClientContext context;
  Response response;
};

}  // namespace

void PsExchange::FillHeader(const Peers& peers, uint64_t lease_token, v1::CallHeader* header) const {
  header->set_job_id(options_.job_id);
  header->set_layout_epoch(peers.router.layout().epoch());
  header->set_incarnation(options_.incarnation);
  header->set_lease_token(lease_token);
}

PullAttempt::PullAttempt(PsExchange& exchange, std::shared_ptr<const Peers> peers, uint64_t lease_token,
                         std::shared_ptr<const std::vector<uint64_t>> ids)
    : exchange_(exchange), peers_(std::move(peers)), lease_token_(lease_token), ids_(std::move(ids)) {}

void PullAttempt::Prepare() {
  // Only the first Call comes here: others follow an answer to it.
  if (std::exchange(prepared_, true)) return;
  const Router& router = peers_->router;
  parameters_.ids = *ids_;
  router.Prepare(&parameters_);
  positions_ = router.SplitPull(*ids_);
  requests_.resize(router.servers());
  for (const uint32_t server : router.holders()) {
    exchange_.FillHeader(*peers_, lease_token_, requests_[server].mutable_header());
    router.FillPull(*ids_, positions_[server], &requests_[server]);
  }
}

void PullAttempt::Cancel() {
  cancelled_ = true;
  exchange_.calls_.Cancel(this);
}

void PullAttempt::Call(uint64_t version, const std::vector<uint32_t>& servers, const Done& done) {
  Prepare();
  for (const uint32_t server : servers) {
    if (cancelled_) return;
    auto call = std::make_shared<OneCall<v1::PullResponse>>();
    call->context.set_deadline(std::chrono::system_clock::now() + exchange_.options_.call_timeout);
    requests_[server].set_version(version);
    if (!exchange_.calls_.Begin(&call->context, this)) return;
    peers_->stubs[server]->async()->Pull(
        &call->context, &requests_[server], &call->response,
        [self = shared_from_this(), call, server, done](const grpc::Status& end) {
          PsExchange& exchange = self->exchange_;
          absl::Status status = ToAbsl(end);
          if (status.ok()) {
            exchange.pulled_ += self->requests_[server].ByteSizeLong() + call->response.ByteSizeLong();
            status = self->peers_->router.Take(call->response, server, self->positions_[server], &self->parameters_);
          }
          done(server, status);
          exchange.calls_.End(&call->context);
        });
  }
}

PushAttempt::PushAttempt(PsExchange& exchange, std::shared_ptr<const Peers> peers, Payload payload)
    : exchange_(exchange),
      peers_(std::move(peers)),
      payload_(std::move(payload)),
      requests_(peers_->router.servers()) {}

void PushAttempt::Cancel() {
  cancelled_ = true;
  exchange_.calls_.Cancel(this);
}

void PushAttempt::Call(const std::vector<uint32_t>& servers, const Done& done) {
  if (positions_.empty() && !cancelled_) positions_ = peers_->router.SplitPush(*payload_.gradient);
  for (const uint32_t server : servers) {
    if (cancelled_) return;
    std::shared_ptr<v1::PushRequest> request = std::move(requests_[server]);
    if (request == nullptr) {
      request = std::make_shared<v1::PushRequest>();
      exchange_.FillHeader(*peers_, payload_.lease_token, request->mutable_header());
      request->set_version(payload_.version);
      request->set_first_part(payload_.parts.first);
      request->set_end_part(payload_.parts.end);
      *request->mutable_rate_changes() = payload_.rate_changes;
      peers_->router.FillPush(*payload_.gradient, server, positions_[server], request.get());
    }
    auto call = std::make_shared<OneCall<v1::PushResponse>>();
    call->context.set_deadline(std::chrono::system_clock::now() + exchange_.options_.call_timeout);
    if (!exchange_.calls_.Begin(&call->context, this)) return;
    v1::PushRequest* const sent = request.get();
    peers_->stubs[server]->async()->Push(
        &call->context, sent, &call->response,
        [self = shared_from_this(), call, server, done, request = std::move(request)](const grpc::Status& end) mutable {
          PsExchange& exchange = self->exchange_;
          const absl::Status status = ToAbsl(end);
          if (status.ok()) {
            exchange.pushed_ += request->ByteSizeLong() + call->response.ByteSizeLong();
          } else {
            self->requests_[server] = std::move(request);  // for the next try, which `done` leads to at the earliest
          }
          done(server, status, call->response.outcome());
          exchange.calls_.End(&call->context);
        });
  }
}

}  // namespace pumasi
