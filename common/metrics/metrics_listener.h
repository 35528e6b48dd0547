// A plain HTTP listener for scrapers: GET /metrics, and nothing else. No TLS, and whoever connects may read.
#ifndef PUMASI_COMMON_METRICS_METRICS_LISTENER_H_
#define PUMASI_COMMON_METRICS_METRICS_LISTENER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/address.h"
#include "proto/config.pb.h"

struct MHD_Daemon;

namespace pumasi {

// One thread of its own (libmicrohttpd's). At most 4 connections at a time, each for one request of at most 8 KiB; one
// that is silent for 5 s is closed. A request's body is not read.
class MetricsListener {
 public:
  // What a scrape answers; called in the listener's thread.
  using Text = std::function<std::string()>;
  // Binds config.listen. InvalidArgument: that is no HOST:PORT, or other machines reach it and config.open_to_all is
  // not set. Otherwise why it can't be bound.
  static absl::StatusOr<std::unique_ptr<MetricsListener>> Start(const v1::MetricsConfig& config, Text text);
  // Waits for the thread; what is being answered breaks off.
  ~MetricsListener();

  // The bound one, with its real port.
  const Address& address() const { return address_; }
  // For the listener's callback.
  std::string Scrape() const { return text_(); }

 private:
  explicit MetricsListener(Text text) : text_(std::move(text)) {}

  const Text text_;
  Address address_;
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_METRICS_METRICS_LISTENER_H_
