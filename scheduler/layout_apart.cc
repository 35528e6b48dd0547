#include "scheduler/layout_apart.h"

#include <google/protobuf/util/message_differencer.h>

#include <map>
#include <optional>
#include <utility>

#include "common/layout/slot_roles.h"
#include "scheduler/layout_replicated.h"

namespace pumasi {
namespace {

bool IsServer(const v1::Node& node) { return node.role() == v1::ROLE_SERVER; }

// Slots [first, first + slots) of a layout, as slots from 0 of one in which both kinds lie together.
v1::Layout HalfOf(const v1::Layout& both, uint32_t first, uint32_t slots) {
  v1::Layout half;
  half.set_epoch(both.epoch());
  half.set_generation(both.generation());
  *half.mutable_servers() = both.servers();
  const auto second = [](std::optional<uint32_t> server) { return server ? 1 + *server : 0; };
  for (uint32_t slot = first; slot < first + slots; ++slot) {
    half.add_slot_owner(both.slot_owner(static_cast<int>(slot)));
    half.add_slot_filling(second(FillingOf(both, slot)));
    if (first == 0) half.add_slot_backup(second(BackupOf(both, slot)));
  }
  if (first > 0) *half.mutable_replicas() = both.replicas();
  return half;
}

// What either half looks at: its slots, counted from 0, and its nodes.
LayoutView HalfOf(const LayoutView& both, bool servers) {
  const uint32_t slots = both.current.dense_from(), first = servers ? 0 : slots;
  LayoutView half;
  half.current = HalfOf(both.current, first, slots);
  // (Replicated ones do not ask.)
  half.replicas = servers ? both.replicas : 1;
  half.hurry = both.hurry;
  half.may_move = both.may_move;
  for (const v1::Node& node : both.alive) {
    if (IsServer(node) != servers) continue;
    half.alive.push_back(node);
    const uint64_t incarnation = node.incarnation();
    if (both.usable.count(incarnation)) half.usable.insert(incarnation);
    if (both.targets.count(incarnation)) half.targets.insert(incarnation);
    if (both.keep.count(incarnation)) half.keep.insert(incarnation);
  }
  const auto ours = [&](uint32_t slot) { return slot >= first && slot < first + slots; };
  for (const auto& [slot, prefetch] : both.prefetch) {
    if (ours(slot)) half.prefetch[slot - first] = prefetch;
  }
  for (const auto& [from, to] : {std::pair(&both.filled, &half.filled), {&both.failed, &half.failed}}) {
    for (const uint32_t slot : *from) {
      if (ours(slot)) to->insert(slot - first);
    }
  }
  return half;
}

v1::Layout Join(const v1::Layout& rows, const v1::Layout& dense) {
  v1::Layout both = rows;
  const auto servers = static_cast<uint32_t>(rows.servers_size());
  const int slots = rows.slot_owner_size();
  both.set_dense_from(static_cast<uint32_t>(slots));
  for (const auto& member : dense.servers()) *both.add_servers() = member;
  for (const uint32_t owner : dense.slot_owner()) both.add_slot_owner(servers + owner);
  for (const uint32_t replica : dense.replicas()) both.add_replicas(servers + replica);
  if (!rows.slot_backup().empty()) both.mutable_slot_backup()->Resize(2 * slots, 0);
  if (rows.slot_filling().empty() && dense.slot_filling().empty()) return both;
  both.mutable_slot_filling()->Resize(2 * slots, 0);
  for (int slot = 0; slot < dense.slot_filling_size(); ++slot) {
    const uint32_t filling = dense.slot_filling(slot);
    both.set_slot_filling(slots + slot, filling == 0 ? 0 : servers + filling);
  }
  return both;
}

}  // namespace

v1::Layout PlanApart(uint64_t epoch, uint64_t generation, uint32_t slots, const std::vector<v1::Node>& nodes,
                     uint32_t replicas, bool dense_shared_out) {
  std::vector<v1::Node> servers, members;
  for (const v1::Node& node : nodes) (IsServer(node) ? servers : members).push_back(node);
  return Join(PlanLayout(epoch, generation, slots, servers, replicas),
              dense_shared_out ? PlanLayout(epoch, generation, slots, members, /*replicas=*/1)
                               : PlanReplicated(epoch, generation, slots, members));
}

LayoutStep NextApart(const LayoutView& view) {
  const uint32_t slots = view.current.dense_from();
  LayoutStep step = NextLayout(HalfOf(view, true));
  const LayoutView of_dense = HalfOf(view, false);
  const LayoutStep dense = IsReplicated(of_dense.current) ? NextReplicated(of_dense) : NextLayout(of_dense);
  for (const uint32_t slot : dense.lost) step.lost.push_back(slots + slot);
  if (!step.lost.empty()) return step;
  for (const auto& [slot, prefetch] : dense.prefetch) step.prefetch[slots + slot] = prefetch;
  step.layout = Join(step.layout, dense.layout);
  step.layout.set_epoch(view.current.epoch());
  step.changed = !google::protobuf::util::MessageDifferencer::Equals(step.layout, view.current);
  if (step.changed) step.layout.set_epoch(view.current.epoch() + 1);
  return step;
}

}  // namespace pumasi
