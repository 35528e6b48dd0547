// NextLayout: what becomes of a layout.
#include <algorithm>
#include <optional>
#include <utility>

#include "common/layout/slot_roles.h"
#include "common/planted_bug.h"
#include "scheduler/layout_plan.h"

namespace pumasi {
namespace {

using Servers = std::vector<uint64_t>;

// Who has a slot; 0: nobody.
struct Holders {
  uint64_t primary = 0, backup = 0, filling = 0;
  auto operator<=>(const Holders&) const = default;
  bool Has(uint64_t server) const {
    return server != 0 && (primary == server || backup == server || filling == server);
  }
};

class Step {
 public:
  explicit Step(const LayoutView& view) : view_(view), prefetch_(view.prefetch) {
    for (const v1::Node& node : view.alive) order_[node.incarnation()] = static_cast<uint32_t>(order_.size());
    Read();
    before_ = slots_;
    want_ = std::max<size_t>(1, std::min<size_t>(view.replicas, view.usable.size()));
  }

  LayoutStep Run() {
    LayoutStep step;
    LeaveDead(&step.lost);
    if (!step.lost.empty()) return step;
    DropFailed();
    if (view_.may_move) {
      FinishFilling();
      LeaveDrained();
      PlanCopies();
      StartFilling();
      EvenOutPrimaries();
    } else {
      prefetch_.clear();
    }
    Write(&step);
    step.prefetch = prefetch_;
    return step;
  }

 private:
  void Read() {
    const v1::Layout& layout = view_.current;
    const auto server = [&](uint32_t index) { return layout.servers(static_cast<int>(index)).incarnation(); };
    const auto second = [&](std::optional<uint32_t> index) { return index.has_value() ? server(*index) : 0; };
    for (int slot = 0; slot < layout.slot_owner_size(); ++slot) {
      slots_.push_back(
          {server(layout.slot_owner(slot)), second(BackupOf(layout, slot)), second(FillingOf(layout, slot))});
    }
  }

  bool Alive(uint64_t server) const { return order_.count(server) > 0; }
  bool Usable(uint64_t server) const { return view_.usable.count(server) > 0; }

  void LeaveDead(std::vector<uint32_t>* lost) {
    for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
      Holders& holders = slots_[slot];
      if (!Alive(holders.filling)) holders.filling = 0;
      if (!Alive(holders.backup)) holders.backup = 0;
      if (Alive(holders.primary)) continue;
      const bool whole = view_.filled.count(slot) > 0 || Planted(PlantedBug::kPromoteFilling);
      uint64_t& heir = holders.filling != 0 && whole && (holders.backup == 0 || Planted(PlantedBug::kPromoteFilling))
                           ? holders.filling
                           : holders.backup;
      holders.primary = std::exchange(heir, 0);
      if (holders.primary == 0) lost->push_back(slot);
    }
  }

  void DropFailed() {
    for (const uint32_t slot : view_.failed) {
      if (!view_.filled.count(slot)) slots_[slot].filling = 0;
    }
  }

  // Copies, with those that fill.
  std::map<uint64_t, uint32_t> Load() const {
    std::map<uint64_t, uint32_t> load;
    for (const uint64_t server : view_.usable) load[server] = 0;
    for (const Holders& holders : slots_) {
      for (const uint64_t server : {holders.primary, holders.backup, holders.filling}) {
        if (server != 0) ++load[server];
      }
    }
    return load;
  }

  // Whose copy is the one too many: a drained server's, else of the server with most of them; the first of equals.
  uint64_t OneTooMany(const Servers& servers, std::map<uint64_t, uint32_t>& load) const {
    return *std::max_element(servers.begin(), servers.end(), [&](uint64_t a, uint64_t b) {
      return std::pair(!Usable(a), load[a]) < std::pair(!Usable(b), load[b]);
    });
  }

  void FinishFilling() {
    auto load = Load();
    for (const uint32_t slot : view_.filled) {
      Holders& holders = slots_[slot];
      if (holders.filling == 0) continue;
      if (holders.backup == 0 && view_.replicas > 1) {
        holders.backup = std::exchange(holders.filling, 0);
        continue;
      }
      Servers whole = {holders.primary};
      if (holders.backup != 0) whole.push_back(holders.backup);
      if (!Usable(holders.filling)) whole.push_back(holders.filling);
      const uint64_t leaves = OneTooMany(whole, load);
      --load[leaves];
      const uint64_t comes = std::exchange(holders.filling, 0);
      if (leaves == holders.primary) holders.primary = comes;
      if (leaves == holders.backup) holders.backup = comes;
    }
  }

  // Where there are fewer servers than copies, nobody can take over what a drained one has beside another.
  void LeaveDrained() {
    if (view_.usable.empty() || view_.usable.size() >= view_.replicas) return;
    for (Holders& holders : slots_) {
      if (holders.backup == 0) continue;
      if (!Usable(holders.primary) && Usable(holders.backup)) std::swap(holders.primary, holders.backup);
      if (!Usable(holders.backup)) holders.backup = 0;
    }
  }

  // The server with the fewest copies that has none of the slot. Ties: by name.
  uint64_t Target(const Servers& has, std::map<uint64_t, uint32_t>& load) const {
    uint64_t best = 0;
    for (const auto& [server, order] : order_) {
      if (!Usable(server) || !view_.targets.count(server)) continue;
      if (std::find(has.begin(), has.end(), server) != has.end()) continue;
      if (best == 0 || std::pair(load[server], order) < std::pair(load[best], order_.at(best))) best = server;
    }
    return best;
  }

  // All copies that should be made, as if there were no bounds; then, of these, as many as there may be at a time.
  void PlanCopies() {
    auto load = Load();
    std::vector<Servers> planned(slots_.size());  // who will have each slot once what is under way is done
    std::set<uint32_t> under_way;
    for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
      const Holders& holders = slots_[slot];
      for (const uint64_t server : {holders.primary, holders.backup, holders.filling}) {
        if (server != 0) planned[slot].push_back(server);
      }
      const auto ahead = prefetch_.find(slot);
      if (ahead != prefetch_.end()) {
        const uint64_t server = ahead->second.server;
        if (holders.filling != 0 || holders.Has(server) || !Usable(server) || !view_.targets.count(server)) {
          prefetch_.erase(ahead);
        } else {
          planned[slot].push_back(server);
          ++load[server];
        }
      }
      if (holders.filling != 0 || prefetch_.count(slot)) under_way.insert(slot);
    }
    for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
      while (planned[slot].size() > want_) {
        const auto ahead = prefetch_.find(slot);
        const uint64_t target = ahead == prefetch_.end() ? 0 : ahead->second.server;
        Servers others = planned[slot];
        std::erase(others, target);
        uint64_t leaves = OneTooMany(others, load);
        if (target != 0 && Usable(leaves) && load[leaves] < load[target]) {
          // The copy that is made ahead is not needed any more.
          leaves = target;
          prefetch_.erase(ahead);
          under_way.erase(slot);
        }
        --load[leaves];
        std::erase(planned[slot], leaves);
      }
    }
    std::map<uint32_t, uint64_t> wishes;  // target by slot
    const auto wish = [&](uint32_t slot, uint64_t target, uint64_t leaves) {
      wishes[slot] = target;
      planned[slot].push_back(target);
      ++load[target];
      if (leaves == 0) return;
      std::erase(planned[slot], leaves);
      --load[leaves];
    };
    for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (under_way.count(slot)) continue;
      const auto drained =
          std::find_if(planned[slot].begin(), planned[slot].end(), [&](uint64_t server) { return !Usable(server); });
      const bool lacks = planned[slot].size() < want_;
      if (!lacks && drained == planned[slot].end()) continue;
      const uint64_t target = Target(planned[slot], load);
      if (target != 0) wish(slot, target, lacks ? 0 : *drained);
    }
    while (EvenOut(planned, under_way, wishes, load, wish)) {
    }
    AddWishes(wishes);
  }

  template <typename Wish>
  bool EvenOut(const std::vector<Servers>& planned, const std::set<uint32_t>& under_way,
               const std::map<uint32_t, uint64_t>& wishes, std::map<uint64_t, uint32_t>& load, const Wish& wish) const {
    Servers from(view_.usable.begin(), view_.usable.end()), to;
    const auto by_load = [&](uint64_t a, uint64_t b) {
      return std::pair(load[a], order_.at(a)) < std::pair(load[b], order_.at(b));
    };
    std::sort(from.begin(), from.end(), by_load);
    for (const uint64_t server : from) {
      if (view_.targets.count(server)) to.push_back(server);
    }
    for (auto most = from.rbegin(); most != from.rend(); ++most) {
      for (const uint64_t least : to) {
        if (load[*most] < load[least] + 2) break;
        for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
          if (under_way.count(slot) || wishes.count(slot)) continue;
          const Servers& has = planned[slot];
          if (std::find(has.begin(), has.end(), *most) == has.end()) continue;
          if (std::find(has.begin(), has.end(), least) != has.end()) continue;
          wish(slot, least, *most);
          return true;
        }
      }
    }
    return false;
  }

  void AddWishes(const std::map<uint32_t, uint64_t>& wishes) {
    std::map<uint64_t, uint32_t> ahead;
    for (const auto& [slot, prefetch] : prefetch_) ++ahead[prefetch.server];
    for (const auto& [slot, server] : wishes) {
      if (ahead[server] >= kPrefetchPerServer) continue;
      ++ahead[server];
      const auto before = view_.prefetch.find(slot);
      prefetch_[slot] = {server,
                         before != view_.prefetch.end() && before->second.server == server && before->second.done};
    }
  }

  void StartFilling() {
    size_t ready = 0;
    for (const auto& [slot, prefetch] : prefetch_) ready += prefetch.done;
    for (const Holders& holders : slots_) {
      if (holders.filling != 0) return;
    }
    if (ready == 0 || (!view_.hurry && ready < std::min<size_t>(kFillingAtOnce, prefetch_.size()))) return;
    uint32_t filling = 0;
    for (auto ahead = prefetch_.begin(); ahead != prefetch_.end() && filling < kFillingAtOnce;) {
      const auto next = std::next(ahead);
      if (ahead->second.done) {
        Holders& holders = slots_[ahead->first];
        holders.filling = ahead->second.server;
        if (Planted(PlantedBug::kDropSlotTooEarly) && (want_ == 1 || holders.backup != 0)) {
          (want_ == 1 ? holders.primary : holders.backup) = std::exchange(holders.filling, 0);
        }
        ++filling;
        prefetch_.erase(ahead);
      }
      ahead = next;
    }
  }

  // Primaries differ by one at most once no path of slots leads from a server with too many to one with too few, each
  // slot from its primary to its second copy: along such a path all of them change roles.
  void EvenOutPrimaries() {
    for (const Holders& holders : slots_) {
      if (holders.filling != 0) return;
    }
    std::map<uint64_t, uint32_t> primaries;
    for (const uint64_t server : view_.usable) primaries[server] = 0;
    for (const Holders& holders : slots_) ++primaries[holders.primary];
    while (true) {
      Servers by_primaries(view_.usable.begin(), view_.usable.end());
      std::sort(by_primaries.begin(), by_primaries.end(), [&](uint64_t a, uint64_t b) {
        return std::pair(primaries[b], order_.at(a)) < std::pair(primaries[a], order_.at(b));
      });
      bool flipped = false;
      for (const uint64_t from : by_primaries) {
        const auto path = PathToFewer(from, primaries);
        if (path.empty()) continue;
        --primaries[from];
        ++primaries[slots_[path.back()].backup];
        for (const uint32_t slot : path) std::swap(slots_[slot].primary, slots_[slot].backup);
        flipped = true;
        break;
      }
      if (!flipped) return;
    }
  }

  // Slots of a shortest such path from `from` to a server with two primaries fewer; empty if there is none.
  std::vector<uint32_t> PathToFewer(uint64_t from, std::map<uint64_t, uint32_t>& primaries) const {
    std::map<uint64_t, std::optional<uint32_t>> reached = {{from, std::nullopt}};  // by which slot
    Servers queue = {from};
    for (size_t i = 0; i < queue.size(); ++i) {
      for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
        const Holders& holders = slots_[slot];
        if (holders.primary != queue[i] || !Usable(holders.backup) || prefetch_.count(slot)) continue;
        if (!reached.emplace(holders.backup, slot).second) continue;
        queue.push_back(holders.backup);
        if (primaries[holders.backup] + 2 > primaries[from]) continue;
        std::vector<uint32_t> path;
        for (uint64_t at = holders.backup; reached[at]; at = slots_[*reached[at]].primary) path.push_back(*reached[at]);
        std::reverse(path.begin(), path.end());
        return path;
      }
    }
    return {};
  }

  void Write(LayoutStep* step) const {
    std::set<uint64_t> holding;
    bool backups = false, filling = false;
    for (const Holders& holders : slots_) {
      for (const uint64_t server : {holders.primary, holders.backup, holders.filling}) holding.insert(server);
      backups = backups || holders.backup != 0;
      filling = filling || holders.filling != 0;
    }
    v1::Layout& layout = step->layout;
    layout.set_epoch(view_.current.epoch());
    layout.set_generation(view_.current.generation());
    std::map<uint64_t, uint32_t> index;
    for (const v1::Node& node : view_.alive) {
      const uint64_t server = node.incarnation();
      if (!Usable(server) && !holding.count(server) && !view_.keep.count(server)) continue;
      index[server] = static_cast<uint32_t>(index.size());
      auto* owner = layout.add_servers();
      owner->set_node(node.name());
      owner->set_address(node.address());
      owner->set_incarnation(server);
    }
    const auto second = [&](uint64_t server) { return server == 0 ? 0 : 1 + index.at(server); };
    for (const Holders& holders : slots_) {
      layout.add_slot_owner(index.at(holders.primary));
      if (backups) layout.add_slot_backup(second(holders.backup));
      if (filling) layout.add_slot_filling(second(holders.filling));
    }
    bool same = slots_ == before_ && layout.servers_size() == view_.current.servers_size();
    for (int i = 0; same && i < layout.servers_size(); ++i) {
      same = layout.servers(i).incarnation() == view_.current.servers(i).incarnation();
    }
    step->changed = !same;
    if (step->changed) layout.set_epoch(view_.current.epoch() + 1);
  }

  const LayoutView& view_;
  std::map<uint64_t, uint32_t> order_;  // by server: its place among names
  std::vector<Holders> slots_, before_;
  std::map<uint32_t, LayoutView::Prefetch> prefetch_;
  size_t want_;
};

}  // namespace

LayoutStep NextLayout(const LayoutView& view) { return Step(view).Run(); }

}  // namespace pumasi
