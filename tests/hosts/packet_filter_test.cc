#include "tools/hosts/packet_filter.h"

#include <catch2/catch.hpp>
#include <string>

namespace pumasi {
namespace {

constexpr uint32_t kA = 0x0a630001, kB = 0x0a630002, kC = 0x0a630003;

std::string Packet(uint32_t from, uint32_t to, uint16_t type = 0x0800) {
  std::string packet(34, '\0');
  packet[12] = static_cast<char>(type >> 8);
  packet[13] = static_cast<char>(type);
  for (int i = 0; i < 4; ++i) {
    packet[26 + static_cast<size_t>(i)] = static_cast<char>(from >> (24 - 8 * i));
    packet[30 + static_cast<size_t>(i)] = static_cast<char>(to >> (24 - 8 * i));
  }
  return packet;
}

// Runs a program as the kernel does, with `random` as the number that it draws.
uint32_t Verdict(const std::vector<sock_filter>& program, const std::string& packet, uint32_t random = 0) {
  uint32_t a = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    const size_t size = BPF_SIZE(step.code) == BPF_H ? 2 : 4;
    switch (step.code) {
      case BPF_LD | BPF_H | BPF_ABS:
      case BPF_LD | BPF_W | BPF_ABS:
        if (step.k == static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)) {
          a = random;
          break;
        }
        REQUIRE(step.k + size <= packet.size());
        a = 0;
        for (size_t i = 0; i < size; ++i) a = a << 8 | static_cast<uint8_t>(packet[step.k + i]);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += a == step.k ? step.jt : step.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += a >= step.k ? step.jt : step.jf;
        break;
      case BPF_RET | BPF_K:
        return step.k;
      default:
        FAIL("unknown instruction " << step.code);
    }
  }
  FAIL("ran off the program's end");
  return 0;
}

bool Passes(const PacketFilter& filter, bool sent, uint32_t from, uint32_t to, uint32_t random = 0) {
  const uint32_t verdict = Verdict(FilterProgram(filter, sent), Packet(from, to), random);
  REQUIRE((verdict == kPassPacket || verdict == kDropPacket));
  return verdict == kPassPacket;
}

}  // namespace

TEST_CASE("a filter that drops nothing passes everything") {
  CHECK_FALSE(PacketFilter().Drops());
  CHECK(Passes({}, true, kA, kB));
  CHECK(Passes({}, false, kA, kB));
}

TEST_CASE("all packets are dropped but those of the one that is spared, and what is not IPv4") {
  PacketFilter filter;
  filter.all = true;
  filter.spared = kC;
  CHECK_FALSE(Passes(filter, true, kA, kB));
  CHECK(Passes(filter, true, kA, kC));
  CHECK_FALSE(Passes(filter, true, kC, kA));  // of what is sent, the target counts
  CHECK_FALSE(Passes(filter, false, kB, kA));
  CHECK(Passes(filter, false, kC, kA));
  CHECK(Verdict(FilterProgram(filter, true), Packet(kA, kB, 0x0806)) == kPassPacket);
}

TEST_CASE("packets to some peers are dropped, however many they are, and others pass") {
  for (const size_t count : {1, 2, 200}) {
    CAPTURE(count);
    PacketFilter filter;
    for (size_t i = 0; i < count; ++i) filter.peers.push_back(kB + static_cast<uint32_t>(i));
    for (const uint32_t peer : filter.peers) REQUIRE_FALSE(Passes(filter, true, kA, peer));
    CHECK(Passes(filter, true, kB, kA));
    CHECK(Passes(filter, true, kA, kB + static_cast<uint32_t>(count)));
    CHECK_FALSE(Passes(filter, false, kB, kA));
  }
}

TEST_CASE("a share of the packets is dropped: those for which a small number is drawn") {
  PacketFilter filter;
  filter.loss = 0.05;
  const auto limit = static_cast<uint32_t>(0.05 * 0x1p32);
  CHECK_FALSE(Passes(filter, true, kA, kB, 0));
  CHECK_FALSE(Passes(filter, true, kA, kB, limit - 1));
  CHECK(Passes(filter, true, kA, kB, limit));
  CHECK(Passes(filter, true, kA, kB, 0xffffffff));
  filter.loss = 1;
  CHECK_FALSE(Passes(filter, true, kA, kB, 0xfffffffe));
}

TEST_CASE("a program is written as tc reads it") {
  CHECK(FilterBytecode({{BPF_LD | BPF_H | BPF_ABS, 0, 0, 12}, {BPF_RET | BPF_K, 1, 2, 0xffffffff}}) ==
        "2,40 0 0 12,6 1 2 4294967295");
}

}  // namespace pumasi
