#include "common/metrics/metrics_listener.h"

#include <microhttpd.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/listen_probe.h"
#include "common/metrics/metrics_text.h"

namespace pumasi {
namespace {

constexpr unsigned kMostConnections = 4;
constexpr unsigned kSilenceSeconds = 5;
constexpr size_t kMostRequestBytes = 8 << 10;

MHD_Result Answer(MHD_Connection* connection, unsigned code, const std::string& text, const char* type,
                  const char* allow = nullptr) {
  MHD_Response* response =
      MHD_create_response_from_buffer(text.size(), const_cast<char*>(text.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
  if (allow != nullptr) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
  const MHD_Result queued = MHD_queue_response(connection, code, response);
  MHD_destroy_response(response);
  return queued;
}

// Answers as soon as the headers are there.
MHD_Result Handle(void* listener, MHD_Connection* connection, const char* url, const char* method, const char*,
                  const char*, size_t*, void**) {
  constexpr char kPlain[] = "text/plain; charset=utf-8";
  if (std::strcmp(method, MHD_HTTP_METHOD_GET) != 0 && std::strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
    return Answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n", kPlain, "GET, HEAD");
  }
  if (std::strcmp(url, "/metrics") != 0) {
    return Answer(connection, MHD_HTTP_NOT_FOUND, "only /metrics is here\n", kPlain);
  }
  return Answer(connection, MHD_HTTP_OK, static_cast<const MetricsListener*>(listener)->Scrape(), kMetricsContentType);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsListener>> MetricsListener::Start(const v1::MetricsConfig& config, Text text) {
  auto address = ParseAddress(config.listen());
  if (!address.ok()) return absl::InvalidArgumentError(absl::StrCat("metrics.listen: ", address.status().message()));
  if (address->is_unix()) {
    return absl::InvalidArgumentError("metrics.listen: has to be HOST:PORT, such as 127.0.0.1:9464");
  }
  if (!IsLoopback(*address) && !config.open_to_all()) {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics.listen: ", address->ToString(),
                     " can be reached by other machines, without TLS and whoever they are; use a loopback address such "
                     "as 127.0.0.1, or set metrics.open_to_all: true where the network keeps strangers out"));
  }
  addrinfo hints{}, *resolved = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  if (getaddrinfo(address->host.c_str(), std::to_string(address->port).c_str(), &hints, &resolved) != 0) {
    absl::Status why = ProbeListen(*address);
    return why.ok() ? absl::InvalidArgumentError(
                          absl::StrCat("metrics.listen: ", address->ToString(), " is no address of this machine"))
                    : why;
  }
  std::unique_ptr<MetricsListener> listener(new MetricsListener(std::move(text)));
  unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD;
  if (resolved->ai_family == AF_INET6) flags |= MHD_USE_IPv6;
  listener->daemon_ = MHD_start_daemon(
      flags, 0, nullptr, nullptr, &Handle, listener.get(), MHD_OPTION_SOCK_ADDR, resolved->ai_addr,
      MHD_OPTION_CONNECTION_LIMIT, kMostConnections, MHD_OPTION_CONNECTION_TIMEOUT, kSilenceSeconds,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMostRequestBytes, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  freeaddrinfo(resolved);
  const MHD_DaemonInfo* bound =
      listener->daemon_ == nullptr ? nullptr : MHD_get_daemon_info(listener->daemon_, MHD_DAEMON_INFO_BIND_PORT);
  if (bound == nullptr) {
    absl::Status why = ProbeListen(*address);
    return why.ok() ? absl::UnavailableError(absl::StrCat("metrics.listen: can't listen on ", address->ToString()))
                    : why;
  }
  address->port = bound->port;
  listener->address_ = *address;
  return listener;
}

MetricsListener::~MetricsListener() {
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

}  // namespace pumasi
