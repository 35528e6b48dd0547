#include "member/ring_host.h"

#include <catch2/catch.hpp>

namespace pumasi {
namespace {

TEST_CASE("A ring's workers listen where nobody else is, unless their user names a network") {
  v1::WorkerConfig config;
  CHECK(*RingHost(config, "127.0.0.1:7070") == "127.0.0.1");
  CHECK(*RingHost(config, "[::1]:7070") == "::1");
  CHECK(*RingHost(config, "localhost:7070") == "localhost");
  CHECK(*RingHost(config, "unix:/run/worker.sock") == "127.0.0.1");
  const absl::Status refused = RingHost(config, "192.0.2.2:7070").status();
  CHECK(absl::IsFailedPrecondition(refused));
  CHECK(refused.message().find("set the worker's collective_listen") != std::string::npos);
  CHECK_FALSE(RingHost(config, "nothing").ok());
  config.set_collective_listen("10.0.0.2");
  CHECK(*RingHost(config, "192.0.2.2:7070") == "10.0.0.2");
  CHECK(*RingHost(config, "unix:/run/worker.sock") == "10.0.0.2");
}

}  // namespace
}  // namespace pumasi
