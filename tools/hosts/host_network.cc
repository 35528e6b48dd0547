#include "tools/hosts/host_network.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/clock.h"
#include "common/file.h"
#include "tools/cli/child_process.h"

namespace pumasi {
namespace {

constexpr uint32_t kFirst = 0x0a630001;  // 10.99.0.1
constexpr uint32_t kSelf = 0x0a63fffe;   // 10.99.255.254: this process, on the switch
constexpr uint32_t kMostHosts = 60000;
// What a link may send at once, after a pause: what it carries in a tenth of a millisecond, and not less than a few
// packets. (The kernel's limiter cuts larger packets of TCP into those of the link.) More would make the link wider
// than it is for what a step sends.
constexpr uint64_t kBurstsASecond = 10000, kLeastBurst = 16 << 10;
constexpr absl::Duration kCommandWithin = absl::Seconds(10);
const char kNamespace[] = "/proc/thread-self/ns/net";

std::string Text(uint32_t ip) {
  return absl::StrCat(ip >> 24, ".", (ip >> 16) & 255, ".", (ip >> 8) & 255, ".", ip & 255);
}

absl::StatusOr<std::string> FindProgram(const std::string& name) {
  for (const char* folder : {"/sbin/", "/usr/sbin/", "/bin/", "/usr/bin/"}) {
    if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return absl::NotFoundError(absl::StrCat(name, " is neither in /sbin nor in /bin: it is part of iproute2"));
}

std::vector<std::string> Words(const std::string& program, const std::string& arguments) {
  std::vector<std::string> words = absl::StrSplit(arguments, ' ');
  words.insert(words.begin(), program);
  return words;
}

// Of the switch.
std::string PortOf(const HostNetwork::Host& host) { return absl::StrCat("port", host.ip - kFirst); }

// The calling thread gets a new namespace; its open file.
absl::StatusOr<int> Unshare() {
  if (unshare(CLONE_NEWNET) != 0) {
    const std::string why = absl::StrCat("this process may not make network namespaces (", strerror(errno),
                                         "): that takes root, or `unshare --user --map-root-user` before the command");
    return errno == EPERM ? absl::PermissionDeniedError(why) : absl::FailedPreconditionError(why);
  }
  const int network = open(kNamespace, O_RDONLY | O_CLOEXEC);
  if (network < 0) return absl::InternalError(absl::StrCat(kNamespace, ": ", strerror(errno)));
  return network;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HostNetwork>> HostNetwork::Make(const std::string& folder) {
  auto ip = FindProgram("ip"), tc = FindProgram("tc");
  if (!ip.ok()) return ip.status();
  if (!tc.ok()) return tc.status();
  std::unique_ptr<HostNetwork> made(new HostNetwork(folder + "/network.log", *ip, *tc));
  made->before_ = open(kNamespace, O_RDONLY | O_CLOEXEC);
  if (made->before_ < 0) return absl::InternalError(absl::StrCat(kNamespace, ": ", strerror(errno)));
  auto network = Unshare();
  if (!network.ok()) return network.status();
  made->switch_ = *network;
  if (absl::Status status = RealFiles().MakeFolder(folder); !status.ok()) return status;
  for (const std::string& command :
       {std::string("link set lo up"), std::string("link add br0 type bridge"), std::string("link set br0 up"),
        absl::StrCat("addr add ", Text(kSelf), "/16 dev br0")}) {
    if (absl::Status status = made->Do(-1, Words(made->ip_, command)); !status.ok()) return status;
  }
  return made;
}

absl::Status HostNetwork::Check() {
  for (const char* program : {"ip", "tc"}) {
    if (auto found = FindProgram(program); !found.ok()) return found.status();
  }
  absl::StatusOr<int> network = -1;
  // Only the thread is in the new namespace, and both end together.
  std::thread([&network] { network = Unshare(); }).join();
  if (network.ok()) close(*network);
  return network.status();
}

HostNetwork::~HostNetwork() {
  if (before_ >= 0) (void)setns(before_, CLONE_NEWNET);
  for (const auto& [name, host] : hosts_) {
    if (host.network >= 0) close(host.network);
  }
  for (const int network : {switch_, before_}) {
    if (network >= 0) close(network);
  }
}

absl::StatusOr<const HostNetwork::Host*> HostNetwork::Find(const std::string& name) {
  auto found = hosts_.find(name);
  if (found != hosts_.end()) return &found->second;
  if (hosts_.size() >= kMostHosts) return absl::ResourceExhaustedError(absl::StrCat(kMostHosts, " hosts are there"));
  Host& host = hosts_[name];
  host.ip = kFirst + static_cast<uint32_t>(hosts_.size() - 1);
  host.address = Text(host.ip);
  absl::Status status = Build(name, &host);
  if (!status.ok()) return status;
  return &host;
}

absl::Status HostNetwork::Build(const std::string& name, Host* host) {
  auto network = Unshare();
  if (!network.ok()) return network.status();
  host->network = *network;
  if (setns(switch_, CLONE_NEWNET) != 0) {
    return absl::InternalError(absl::StrCat("cannot go back to the switch's namespace: ", strerror(errno)));
  }
  const std::string port = PortOf(*host);
  // A namespace without a name is named by the open file.
  const std::string file = absl::StrCat("/proc/", getpid(), "/fd/", host->network);
  absl::Status status = Do(-1, Words(ip_, absl::StrCat("link add ", port, " type veth peer name eth0 netns ", file)));
  for (const std::string& command : {absl::StrCat("link set ", port, " master br0"), "link set " + port + " up"}) {
    if (status.ok()) status = Do(-1, Words(ip_, command));
  }
  for (const std::string& command :
       {std::string("link set lo up"), absl::StrCat("addr add ", host->address, "/16 dev eth0"),
        std::string("link set eth0 up")}) {
    if (status.ok()) status = Do(host->network, Words(ip_, command));
  }
  if (status.ok()) status = Do(host->network, Words(tc_, "qdisc add dev eth0 clsact"));
  return status;
}

absl::Status HostNetwork::Limit(const std::string& name, uint64_t bits_per_s) {
  auto host = Find(name);
  if (!host.ok()) return host.status();
  if (bits_per_s == 0) return absl::OkStatus();
  const uint64_t burst = std::max(kLeastBurst, bits_per_s / 8 / kBurstsASecond);
  const std::string limit = absl::StrCat(" root tbf rate ", bits_per_s, "bit burst ", burst, " latency 50ms");
  absl::Status status = Do((*host)->network, Words(tc_, "qdisc add dev eth0" + limit));
  if (!status.ok()) return status;
  return Do(-1, Words(tc_, absl::StrCat("qdisc add dev ", PortOf(**host), limit)));
}

absl::Status HostNetwork::Lose(const std::string& name, PacketFilter sent, PacketFilter received) {
  auto host = Find(name);
  if (!host.ok()) return host.status();
  sent.spared = received.spared = kSelf;
  absl::Status status = Filter((*host)->network, "egress", FilterProgram(sent, true));
  return status.ok() ? Filter((*host)->network, "ingress", FilterProgram(received, false)) : status;
}

absl::Status HostNetwork::Filter(int network, const std::string& direction, const std::vector<sock_filter>& program) {
  std::vector<std::string> command =
      Words(tc_, absl::StrCat("filter replace dev eth0 ", direction, " prio 1 handle 1 bpf da bytecode"));
  command.push_back(FilterBytecode(program));
  return Do(network, command);
}

absl::Status HostNetwork::Do(int network, const std::vector<std::string>& command) {
  auto child = ChildProcess::Start(command[0], command, log_, network);
  if (!child.ok()) return child.status();
  const bool ended = (*child)->WaitUntil(RealClock().Now() + kCommandWithin);
  if (ended && (*child)->HowItEnded() == "exit code 0") return absl::OkStatus();
  return absl::InternalError(absl::StrCat("`", absl::StrJoin(command, " "), "` ended by ",
                                          ended ? (*child)->HowItEnded() : "taking too long", "; see ", log_));
}

}  // namespace pumasi
