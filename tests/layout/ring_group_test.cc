#include "common/layout/ring_group.h"

#include <catch2/catch.hpp>

namespace pumasi {
namespace {

v1::Layout LayoutOf(uint32_t servers, std::initializer_list<uint32_t> replicas, uint32_t filling) {
  v1::Layout layout;
  for (uint32_t server = 0; server < servers; ++server) layout.add_servers()->set_incarnation(10 + server);
  for (const uint32_t replica : replicas) layout.add_replicas(replica);
  for (int slot = 0; slot < 4; ++slot) {
    layout.add_slot_owner(*replicas.begin());
    if (filling > 0) layout.add_slot_filling(filling);
  }
  return layout;
}

TEST_CASE("Shares are all parts, each once, even, and of whole copies alone") {
  for (uint32_t parts = 1; parts <= 9; ++parts) {
    for (uint64_t count = 1; count <= 11; ++count) {
      uint32_t next = 0;
      for (uint64_t place = 0; place < count; ++place) {
        const PartRange share = ShareOfPlace(place, count, parts);
        CHECK(share.first == next);
        CHECK(share.size() <= parts / count + 1);
        next = share.end;
      }
      CHECK(next == parts);
    }
  }
  const v1::Layout layout = LayoutOf(4, {0, 2}, 2);
  CHECK(RingSharers(layout) == std::vector<uint64_t>{10, 12});
  CHECK(RingGroup(layout) == std::vector<uint32_t>{0, 2, 1});
  CHECK(RingShare(layout, 10, 5) == PartRange{0, 2});
  CHECK(RingShare(layout, 12, 5) == PartRange{2, 5});
  CHECK(RingShare(layout, 11, 5).size() == 0);
  CHECK(RingShare(layout, 99, 5).size() == 0);
  CHECK(RingGroup(v1::Layout()).empty());
}

}  // namespace
}  // namespace pumasi
