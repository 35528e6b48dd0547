#include "common/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/escape.h"

namespace pumasi {
namespace {

constexpr size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr size_t kLongestHost = 253;  // RFC 1035

absl::Status Malformed(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("'", EscapeControls(text.substr(0, 300)), "': ", why,
                                                 "; an address is HOST:PORT, [IPV6]:PORT or unix:PATH"));
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool IsIpv4(const std::string& host, uint32_t* value) {
  in_addr address;
  if (inet_pton(AF_INET, host.c_str(), &address) != 1) return false;
  *value = ntohl(address.s_addr);
  return true;
}

bool IsIpv6(const std::string& host, in6_addr* address) { return inet_pton(AF_INET6, host.c_str(), address) == 1; }

}  // namespace

std::string Address::ToString() const {
  if (is_unix()) return absl::StrCat("unix:", path);
  const bool ipv6 = host.find(':') != std::string::npos;
  return absl::StrCat(ipv6 ? "[" : "", host, ipv6 ? "]" : "", ":", port);
}

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  Address address;
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    if (absl::StartsWith(rest, "//")) rest.remove_prefix(2);
    if (rest.empty()) return Malformed(text, "the path is missing");
    if (rest.find('\0') != absl::string_view::npos) return Malformed(text, "the path holds a NUL character");
    if (rest.size() > kLongestPath) {
      return Malformed(text,
                       absl::StrCat("the path has ", rest.size(), " bytes and a socket's may have ", kLongestPath));
    }
    address.path = std::string(rest);
    return address;
  }
  if (absl::ConsumePrefix(&rest, "[")) {
    const size_t end = rest.find(']');
    if (end == absl::string_view::npos) return Malformed(text, "']' is missing");
    address.host = std::string(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    in6_addr ipv6;
    if (!IsIpv6(address.host, &ipv6)) return Malformed(text, "not an IPv6 address between the brackets");
    if (!absl::ConsumePrefix(&rest, ":")) return Malformed(text, "the port is missing");
  } else {
    const size_t colon = rest.rfind(':');
    if (colon == absl::string_view::npos) return Malformed(text, "the port is missing");
    address.host = std::string(rest.substr(0, colon));
    rest.remove_prefix(colon + 1);
    if (address.host.empty()) return Malformed(text, "the host is missing (0.0.0.0 is every interface)");
    if (absl::StrContains(address.host, ":")) return Malformed(text, "an IPv6 address needs brackets");
    if (address.host.size() > kLongestHost || !std::all_of(address.host.begin(), address.host.end(), IsHostCharacter)) {
      return Malformed(text, "not a host name");
    }
  }
  const bool digits =
      !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || !absl::SimpleAtoi(rest, &address.port) || address.port > 65535) {
    return Malformed(text, "the port has to be a number from 0 to 65535");
  }
  return address;
}

bool IsLoopback(const Address& address) {
  if (address.is_unix()) return true;
  uint32_t ipv4 = 0;
  in6_addr ipv6;
  if (IsIpv4(address.host, &ipv4)) return ipv4 >> 24 == 127;
  if (!IsIpv6(address.host, &ipv6)) return address.host == "localhost";
  return IN6_IS_ADDR_LOOPBACK(&ipv6) || (IN6_IS_ADDR_V4MAPPED(&ipv6) && ipv6.s6_addr[12] == 127);
}

bool IsWildcard(const Address& address) {
  if (address.is_unix()) return false;
  uint32_t ipv4 = 0;
  in6_addr ipv6;
  if (IsIpv4(address.host, &ipv4)) return ipv4 == 0;
  return IsIpv6(address.host, &ipv6) && IN6_IS_ADDR_UNSPECIFIED(&ipv6);
}

absl::StatusOr<Address> AdvertisedAddress(const Address& bound, absl::string_view advertise,
                                          absl::string_view host_name) {
  if (!advertise.empty()) {
    auto address = ParseAddress(advertise);
    // A host alone: with the bound port. Only then, so that the error is about what was written.
    if (!address.ok()) {
      const auto with_port = ParseAddress(absl::StrCat(advertise, ":0"));
      if (!with_port.ok()) return absl::InvalidArgumentError(absl::StrCat("advertise: ", address.status().message()));
      address = with_port;
    }
    if (IsWildcard(*address)) {
      return absl::InvalidArgumentError(absl::StrCat("advertise: ", address->ToString(),
                                                     " can be bound and not dialled; give a host's name or address"));
    }
    if (!address->is_unix() && address->port == 0) address->port = bound.port;
    return *address;
  }
  if (!IsWildcard(bound)) return bound;
  if (host_name.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("listen is ", bound.ToString(),
                     ", every interface, which others can't dial: set advertise to the name "
                     "or address that they reach this machine by"));
  }
  Address address = bound;
  address.host = std::string(host_name);
  return address;
}

}  // namespace pumasi
