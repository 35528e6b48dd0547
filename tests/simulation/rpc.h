// Calls with messages: each is serialised before it travels and parsed where it arrives, as on the wire.
#ifndef PUMASI_TESTS_SIMULATION_RPC_H_
#define PUMASI_TESTS_SIMULATION_RPC_H_

#include <string>
#include <utility>

#include "tests/simulation/network.h"

namespace pumasi::sim {

// Calls `method` at node `to`; `done(status, response)` runs once in the caller's process.
template <typename Response, typename Request, typename Done>
void Ask(Network& network, Node& from, const std::string& to, Method method, const Request& request,
         absl::Duration timeout, Done done) {
  network.Call(from, to, method, request.SerializeAsString(), timeout,
               [done = std::move(done)](const absl::Status& status, const std::string& bytes) {
                 Response response;
                 if (status.ok() && !response.ParseFromString(bytes)) {
                   return done(absl::InternalError("the answer can't be parsed"), response);
                 }
                 done(status, response);
               });
}

// Serves a call that is answered at once: `serve(request, &response)`.
template <typename Request, typename Response, typename Serve>
void Answer(const Incoming& call, Serve serve) {
  Request request;
  Response response;
  if (!request.ParseFromString(call.request)) {
    return call.reply(absl::InvalidArgumentError("the request can't be parsed"), "");
  }
  const absl::Status status = serve(request, &response);
  call.reply(status, status.ok() ? response.SerializeAsString() : "");
}

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_RPC_H_
