#include "scheduler/layout_replicated.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <utility>

#include "common/layout/slot_roles.h"
#include "common/planted_bug.h"

namespace pumasi {
namespace {

class ReplicatedStep {
 public:
  explicit ReplicatedStep(const LayoutView& view) : view_(view) {
    const v1::Layout& layout = view.current;
    for (const v1::Node& node : view.alive) alive_.insert(node.incarnation());
    for (const uint32_t replica : layout.replicas()) whole_.insert(At(replica));
    for (const uint32_t owner : layout.slot_owner()) primary_.push_back(At(owner));
    if (const auto filling = FillingOf(layout, 0)) filling_ = At(*filling);
  }

  LayoutStep Run() {
    LayoutStep step;
    std::erase_if(whole_, [&](uint64_t server) { return !alive_.count(server); });
    if (!alive_.count(filling_)) filling_ = 0;
    if (whole_.empty()) TakeFilled(&step.lost);
    if (!step.lost.empty()) return step;
    EndFilling();
    if (view_.may_move) {
      LeaveDrained();
      CopyAhead(&step.prefetch);
    }
    DealPrimaries();
    Write(&step);
    return step;
  }

 private:
  uint64_t At(uint32_t index) const { return view_.current.servers(static_cast<int>(index)).incarnation(); }
  bool Usable(uint64_t server) const { return view_.usable.count(server) > 0; }
  uint32_t slots() const { return static_cast<uint32_t>(primary_.size()); }

  bool Filled() const {
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      if (!view_.filled.count(slot)) return false;
    }
    return true;
  }

  // No whole copy is alive: the one that fills is one, if all has arrived.
  void TakeFilled(std::vector<uint32_t>* lost) {
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      const bool there = view_.filled.count(slot) > 0 || Planted(PlantedBug::kPromoteFilling);
      if (filling_ == 0 || !there) lost->push_back(slot);
    }
    if (lost->empty()) whole_.insert(std::exchange(filling_, 0));
  }

  void EndFilling() {
    if (filling_ == 0) return;
    const bool failed =
        std::any_of(view_.failed.begin(), view_.failed.end(), [&](uint32_t slot) { return !view_.filled.count(slot); });
    if (failed || !Usable(filling_)) {
      filling_ = 0;
    } else if (view_.may_move && Filled()) {
      whole_.insert(std::exchange(filling_, 0));
    }
  }

  void LeaveDrained() {
    if (std::none_of(whole_.begin(), whole_.end(), [&](uint64_t server) { return Usable(server); })) return;
    std::erase_if(whole_, [&](uint64_t server) { return !Usable(server); });
  }

  void CopyAhead(std::map<uint32_t, LayoutView::Prefetch>* prefetch) {
    if (filling_ != 0) return;
    const auto may = [&](uint64_t server) {
      return Usable(server) && view_.targets.count(server) > 0 && whole_.count(server) == 0;
    };
    uint64_t joins = view_.prefetch.empty() ? 0 : view_.prefetch.begin()->second.server;
    if (!alive_.count(joins) || !may(joins)) {
      joins = 0;
      for (const v1::Node& node : view_.alive) {
        if (joins == 0 && may(node.incarnation())) joins = node.incarnation();
      }
    }
    if (joins == 0) return;
    bool all = true;
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      const auto before = view_.prefetch.find(slot);
      const bool done = before != view_.prefetch.end() && before->second.server == joins && before->second.done;
      (*prefetch)[slot] = {joins, done};
      all = all && done;
    }
    if (!all) return;
    filling_ = joins;
    prefetch->clear();
    if (Planted(PlantedBug::kDropSlotTooEarly)) whole_.insert(std::exchange(filling_, 0));
  }

  // The slots of those that hold nothing any more go to those that have the fewest; then as many more as make it even.
  void DealPrimaries() {
    std::vector<uint64_t> heirs;  // by name
    const bool usable = std::any_of(whole_.begin(), whole_.end(), [&](uint64_t server) { return Usable(server); });
    for (const v1::Node& node : view_.alive) {
      const uint64_t server = node.incarnation();
      if (whole_.count(server) && (Usable(server) || !usable)) heirs.push_back(server);
    }
    std::map<uint64_t, uint32_t> primaries;
    for (const uint64_t server : primary_) ++primaries[server];
    const auto fewer = [&](uint64_t a, uint64_t b) { return primaries[a] < primaries[b]; };
    const auto give = [&](uint32_t slot, uint64_t server) {
      --primaries[primary_[slot]];
      ++primaries[server];
      primary_[slot] = server;
    };
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      if (!whole_.count(primary_[slot])) give(slot, *std::min_element(heirs.begin(), heirs.end(), fewer));
    }
    // The slot that fills would be copied from another one, which may be a batch behind.
    if (filling_ != 0 || !view_.may_move) return;
    while (true) {
      const uint64_t least = *std::min_element(heirs.begin(), heirs.end(), fewer);
      const uint64_t most = *std::max_element(heirs.begin(), heirs.end(), fewer);
      if (primaries[most] < primaries[least] + 2) return;
      give(static_cast<uint32_t>(std::find(primary_.begin(), primary_.end(), most) - primary_.begin()), least);
    }
  }

  void Write(LayoutStep* step) const {
    v1::Layout& layout = step->layout;
    layout.set_epoch(view_.current.epoch());
    layout.set_generation(view_.current.generation());
    std::map<uint64_t, uint32_t> index;
    for (const v1::Node& node : view_.alive) {
      const uint64_t server = node.incarnation();
      const bool holds = whole_.count(server) > 0 || server == filling_;
      if (!Usable(server) && !holds && !view_.keep.count(server)) continue;
      index[server] = static_cast<uint32_t>(index.size());
      auto* owner = layout.add_servers();
      owner->set_node(node.name());
      owner->set_address(node.address());
      owner->set_incarnation(server);
      if (whole_.count(server)) layout.add_replicas(index[server]);
    }
    for (const uint64_t primary : primary_) {
      layout.add_slot_owner(index.at(primary));
      if (filling_ != 0) layout.add_slot_filling(1 + index.at(filling_));
    }
    step->changed = !google::protobuf::util::MessageDifferencer::Equals(layout, view_.current);
    if (step->changed) layout.set_epoch(view_.current.epoch() + 1);
  }

  const LayoutView& view_;
  std::set<uint64_t> alive_, whole_;
  uint64_t filling_ = 0;  // 0: nobody
  std::vector<uint64_t> primary_;
};

}  // namespace

v1::Layout PlanReplicated(uint64_t epoch, uint64_t generation, uint32_t slots, const std::vector<v1::Node>& servers) {
  v1::Layout layout = PlanLayout(epoch, generation, slots, servers, 1);
  for (uint32_t server = 0; server < servers.size(); ++server) layout.add_replicas(server);
  return layout;
}

LayoutStep NextReplicated(const LayoutView& view) { return ReplicatedStep(view).Run(); }

}  // namespace pumasi
