// Which packets a host loses, as a classic BPF program for tc.
#ifndef PUMASI_TOOLS_HOSTS_PACKET_FILTER_H_
#define PUMASI_TOOLS_HOSTS_PACKET_FILTER_H_

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

namespace pumasi {

// Of the IPv4 packets that a host sends, or of those that it gets. Addresses are numbers: 10.99.0.1 is 0x0a630001.
struct PacketFilter {
  bool all = false;             // none gets through
  std::vector<uint32_t> peers;  // none gets through to (from) these, at most 200
  double loss = 0;              // this share of all, from 0 to 1, each drawn by the kernel
  uint32_t spared = 0;          // what goes to (comes from) this one gets through in any case; 0: nobody

  bool Drops() const { return all || !peers.empty() || loss > 0; }
};

// What a program returns, as tc's direct action.
constexpr uint32_t kPassPacket = 0xffffffff, kDropPacket = 2;

// For a program that sees Ethernet frames and is run as a tc filter with `da`. `sent`: compares where packets go to,
// otherwise where they come from. What is not IPv4 (ARP) passes.
std::vector<sock_filter> FilterProgram(const PacketFilter& filter, bool sent);

// As `tc filter ... bpf bytecode` takes it: "2,32 0 0 30,6 0 0 2".
std::string FilterBytecode(const std::vector<sock_filter>& program);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_HOSTS_PACKET_FILTER_H_
