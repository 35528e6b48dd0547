#include "server/scheduler_call.h"

#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "common/rpc_error.h"

namespace pumasi {
namespace {

using Stub = v1::Scheduler::StubInterface::async_interface;
using Done = std::function<void(grpc::Status)>;

void Call(Stub& stub, grpc::ClientContext* context, const v1::ReportReadyRequest& request,
          v1::ReportReadyResponse& response, Done done) {
  stub.ReportReady(context, &request, &response, std::move(done));
}

void Call(Stub& stub, grpc::ClientContext* context, const v1::ReportFilledRequest& request,
          v1::ReportFilledResponse& response, Done done) {
  stub.ReportFilled(context, &request, &response, std::move(done));
}

void Call(Stub& stub, grpc::ClientContext* context, const v1::ReportShardSavedRequest& request,
          v1::ReportShardSavedResponse& response, Done done) {
  stub.ReportShardSaved(context, &request, &response, std::move(done));
}

void Call(Stub& stub, grpc::ClientContext* context, const v1::CombineNormsRequest& request,
          v1::CombineNormsResponse& response, Done done) {
  stub.CombineNorms(context, &request, &response, std::move(done));
}

void Call(Stub& stub, grpc::ClientContext* context, const v1::ReportFailureRequest& request,
          v1::ReportFailureResponse& response, Done done) {
  stub.ReportFailure(context, &request, &response, std::move(done));
}

template <typename Response, typename Request>
void Start(Stub& stub, grpc::ClientContext* context, const Request& request, SchedulerAnswer answer) {
  struct Exchange {
    Request request;
    Response response;
  };
  auto exchange = std::make_shared<Exchange>(Exchange{request, {}});
  Call(stub, context, exchange->request, exchange->response,
       [exchange, answer = std::move(answer)](const grpc::Status& status) {
         if constexpr (std::is_same_v<Response, v1::CombineNormsResponse>) {
           answer(ToAbsl(status), exchange->response);
         } else {
           answer(ToAbsl(status), {});
         }
       });
}

struct Starter {
  Stub& stub;
  grpc::ClientContext* context;
  SchedulerAnswer answer;

  void operator()(const v1::ReportReadyRequest& r) { Start<v1::ReportReadyResponse>(stub, context, r, answer); }
  void operator()(const v1::ReportFilledRequest& r) { Start<v1::ReportFilledResponse>(stub, context, r, answer); }
  void operator()(const v1::ReportShardSavedRequest& r) {
    Start<v1::ReportShardSavedResponse>(stub, context, r, answer);
  }
  void operator()(const v1::CombineNormsRequest& r) { Start<v1::CombineNormsResponse>(stub, context, r, answer); }
  void operator()(const v1::ReportFailureRequest& r) { Start<v1::ReportFailureResponse>(stub, context, r, answer); }
};

}  // namespace

void CallScheduler(v1::Scheduler::StubInterface& scheduler, grpc::ClientContext* context, const TellWish& wish,
                   SchedulerAnswer answer) {
  std::visit(Starter{*scheduler.async(), context, std::move(answer)}, wish.request);
}

}  // namespace pumasi
