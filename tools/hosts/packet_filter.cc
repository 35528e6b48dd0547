#include "tools/hosts/packet_filter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

constexpr uint32_t kEtherType = 12, kIpv4 = 0x0800;  // offset; value
constexpr uint32_t kSourceIp = 26, kTargetIp = 30;   // offsets
constexpr size_t kMostPeers = 200;                   // a jump spans at most 255 instructions
constexpr uint8_t kToPass = 254, kToDrop = 255;      // as jump: to be replaced once the program's length is known
constexpr uint16_t kLoadHalf = BPF_LD | BPF_H | BPF_ABS, kLoadWord = BPF_LD | BPF_W | BPF_ABS;
constexpr uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K, kIfAtLeast = BPF_JMP | BPF_JGE | BPF_K;
constexpr uint16_t kReturn = BPF_RET | BPF_K;

}  // namespace

std::vector<sock_filter> FilterProgram(const PacketFilter& filter, bool sent) {
  const sock_filter load_peer = {kLoadWord, 0, 0, sent ? kTargetIp : kSourceIp};
  std::vector<sock_filter> program = {
      {kLoadHalf, 0, 0, kEtherType},
      {kIfEqual, 0, kToPass, kIpv4},
  };
  if (filter.spared != 0) {
    program.push_back(load_peer);
    program.push_back({kIfEqual, kToPass, 0, filter.spared});
  }
  if (filter.loss > 0) {
    const auto threshold = static_cast<uint32_t>(std::min(filter.loss * 0x1p32, 0x1p32 - 1));
    program.push_back({kLoadWord, 0, 0, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)});
    program.push_back({kIfAtLeast, 0, kToDrop, threshold});
  }
  if (filter.all) {
    program.push_back({kReturn, 0, 0, kDropPacket});
  } else if (!filter.peers.empty()) {
    program.push_back(load_peer);
    const size_t count = std::min(filter.peers.size(), kMostPeers);
    for (size_t i = 0; i < count; ++i) program.push_back({kIfEqual, kToDrop, 0, filter.peers[i]});
  }
  const size_t pass = program.size(), drop = pass + 1;
  program.push_back({kReturn, 0, 0, kPassPacket});
  program.push_back({kReturn, 0, 0, kDropPacket});
  for (size_t at = 0; at < pass; ++at) {
    for (uint8_t* jump : {&program[at].jt, &program[at].jf}) {
      if (*jump == kToPass)
        *jump = static_cast<uint8_t>(pass - at - 1);
      else if (*jump == kToDrop)
        *jump = static_cast<uint8_t>(drop - at - 1);
    }
  }
  return program;
}

std::string FilterBytecode(const std::vector<sock_filter>& program) {
  std::string text = absl::StrCat(program.size());
  for (const sock_filter& step : program)
    absl::StrAppend(&text, ",", step.code, " ", step.jt, " ", step.jf, " ", step.k);
  return text;
}

}  // namespace pumasi
