#include "tools/cli/link_flag.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "tools/hosts/host_network.h"
#include "tools/hosts/link_rate.h"

namespace pumasi {
namespace {

// Calls `ask` in a thread that may do nothing beyond what any user may.
template <typename Ask>
void WithoutRights(Ask ask) {
  bool dropped = false;
  std::thread([&] {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    dropped = syscall(SYS_capset, &header, none) == 0;
    if (dropped) ask();
  }).join();
  REQUIRE(dropped);
}

TEST_CASE("Without the right to make networks --link is bad input, said before anything is done") {
  absl::Status status, allowed;
  WithoutRights([&] {
    allowed = HostNetwork::Check();
    status = ReadLinkFlag("1gbit").status();
  });
  CHECK_FALSE(allowed.ok());  // PermissionDenied, or NotFound without iproute2
  CHECK(absl::IsInvalidArgument(status));
  CHECK(status.message() == "--link 1gbit: " + std::string(allowed.message()));
  if (absl::IsNotFound(allowed)) return;
  CHECK_THAT(std::string(status.message()), Catch::Contains("that takes root, or `unshare --user --map-root-user`"));
}

TEST_CASE("A rate that is none is found first, and a flag that was left out takes no rights") {
  WithoutRights([&] {
    const absl::Status fast = ReadLinkFlag("fast").status();
    CHECK(fast == ParseLinkRate("fast").status());
    const auto none = ReadLinkFlag("");
    CHECK((none.ok() && *none == kUnlimited));
  });
}

}  // namespace
}  // namespace pumasi
