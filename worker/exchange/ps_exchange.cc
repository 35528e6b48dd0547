#include "worker/exchange/ps_exchange.h"

#include <utility>

#include "common/error_detail.h"
#include "common/rpc_error.h"
#include "common/wire/value_wire.h"
#include "worker/exchange/server_link.h"

namespace pumasi {

uint64_t Peers::Moved(uint32_t server, uint64_t bytes) const { return links[server]->own() ? 0 : bytes; }

void PsExchange::FillHeader(const Peers& peers, uint64_t lease_token, v1::CallHeader* header) const {
  header->set_job_id(options_.job_id);
  header->set_layout_epoch(peers.router.layout().epoch());
  header->set_incarnation(options_.incarnation);
  header->set_lease_token(lease_token);
}

PullAttempt::PullAttempt(PsExchange& exchange, std::shared_ptr<const Peers> peers, uint64_t lease_token,
                         std::shared_ptr<const std::vector<uint64_t>> ids, std::optional<uint32_t> lane)
    : exchange_(exchange), peers_(std::move(peers)), lease_token_(lease_token), ids_(std::move(ids)), lane_(lane) {}

void PullAttempt::Prepare() {
  // Only the first Call comes here: others follow an answer to it.
  if (std::exchange(prepared_, true)) return;
  const Router& router = peers_->router;
  parameters_.ids = *ids_;
  router.Prepare(&parameters_);
  positions_ = router.SplitPull(*ids_);
  requests_.resize(router.servers());
  served_.resize(router.servers());
  for (const uint32_t server : router.holders()) {
    exchange_.FillHeader(*peers_, lease_token_, requests_[server].mutable_header());
    router.FillPull(*ids_, server, positions_[server], &requests_[server]);
    if (lane_) requests_[server].set_lane(*lane_);
  }
}

void PullAttempt::Cancel() {
  cancelled_ = true;
  exchange_.calls_.Cancel(this);
}

void PullAttempt::Call(uint64_t version, uint32_t staleness, const std::vector<uint32_t>& servers, const Done& done) {
  Prepare();
  for (const uint32_t server : servers) {
    if (cancelled_) return;
    auto call = std::make_shared<ServerCall>();
    requests_[server].set_version(version);
    requests_[server].set_staleness(staleness);
    call->request = MessageBytes(requests_[server]);
    const size_t sent = call->request.Length();
    if (!exchange_.calls_.Begin(call.get(), this)) return;
    peers_->links[server]->Call(v1::LOCAL_METHOD_PULL, call, exchange_.options_.call_timeout,
                                [self = shared_from_this(), call, sent, server, done](const grpc::Status& end) {
                                  PsExchange& exchange = self->exchange_;
                                  absl::Status status = ToAbsl(end);
                                  if (status.ok()) {
                                    exchange.pulled_ += self->peers_->Moved(server, sent + call->response.Length());
                                    status = self->Take(call->response, server);
                                  }
                                  call->response.Clear();
                                  done(server, status);
                                  exchange.calls_.End(call.get());
                                });
  }
}

absl::Status PullAttempt::Take(const grpc::ByteBuffer& bytes, uint32_t server) {
  v1::PullResponse response;
  ArrivedValues values;
  if (absl::Status status = FromWire(bytes, &response, &values); !status.ok()) {
    return DetailedError(v1::ErrorDetail::MALFORMED, status.message());
  }
  served_[server] = response.time();
  return peers_->router.Take(response, values, server, positions_[server], &parameters_);
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

void PushAttempt::Call(const std::vector<uint32_t>& servers, const std::function<void(uint32_t server)>& sent,
                       const Done& done) {
  if (positions_.empty() && !cancelled_) positions_ = peers_->router.SplitPush(*payload_.gradient);
  for (const uint32_t server : servers) {
    if (cancelled_) return;
    auto call = std::make_shared<ServerCall>();
    call->request.Swap(&requests_[server]);
    if (!call->request.Valid()) call->request = Build(server);
    if (!exchange_.calls_.Begin(call.get(), this)) return;
    sent(server);
    peers_->links[server]->Call(
        v1::LOCAL_METHOD_PUSH, call, exchange_.options_.call_timeout,
        [self = shared_from_this(), call, server, done](const grpc::Status& end) {
          PsExchange& exchange = self->exchange_;
          absl::Status status = ToAbsl(end);
          v1::PushResponse response;
          if (status.ok() && !ParseMessage(call->response, &response)) {
            status = DetailedError(v1::ErrorDetail::MALFORMED, "the answer to a push is none");
          }
          if (status.ok()) {
            exchange.pushed_ += self->peers_->Moved(server, call->request.Length() + call->response.Length());
          } else {
            self->requests_[server].Swap(&call->request);  // for the next try, which `done` leads to at the earliest
          }
          done(server, status, response.outcome());
          exchange.calls_.End(call.get());
        });
  }
}

grpc::ByteBuffer PushAttempt::Build(uint32_t server) const {
  OutgoingPush push;
  exchange_.FillHeader(*peers_, payload_.lease_token, push.head.mutable_header());
  push.head.set_version(payload_.version);
  push.head.set_first_part(payload_.parts.first);
  push.head.set_end_part(payload_.parts.end);
  *push.head.mutable_rate_changes() = payload_.rate_changes;
  peers_->router.FillPush(payload_.gradient, server, positions_[server], &push);
  return ToWire(std::move(push));
}

}  // namespace pumasi
