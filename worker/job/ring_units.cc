#include "worker/job/ring_units.h"

#include <utility>

namespace pumasi {
namespace {

template <typename Wanted>
std::vector<RingUnit> TakeIf(std::map<uint64_t, RingUnit>* units, Wanted wanted) {
  std::vector<RingUnit> taken;
  for (auto unit = units->begin(); unit != units->end();) {
    const auto next = std::next(unit);
    if (wanted(unit->second)) {
      taken.push_back(std::move(unit->second));
      units->erase(unit);
    }
    unit = next;
  }
  return taken;
}

}  // namespace

void RingUnits::Add(RingUnit unit) {
  const uint64_t number = unit.unit;
  units_.insert_or_assign(number, std::move(unit));
}

std::optional<std::vector<const RingUnit*>> RingUnits::Cover(uint64_t version, PartRange share) const {
  std::vector<const RingUnit*> cover;
  for (uint32_t part = share.first; part < share.end;) {
    // Where a unit was computed again in pieces, the largest one is as good: the bits are the same.
    const RingUnit* best = nullptr;
    for (const auto& [number, unit] : units_) {
      const bool fits = unit.version == version && unit.parts.first == part && unit.parts.end <= share.end;
      if (fits && (best == nullptr || unit.parts.end > best->parts.end)) best = &unit;
    }
    if (best == nullptr || best->parts.size() == 0) return std::nullopt;
    cover.push_back(best);
    part = best->parts.end;
  }
  return cover;
}

std::vector<RingUnit> RingUnits::TakeBefore(uint64_t version) {
  return TakeIf(&units_, [&](const RingUnit& unit) { return unit.version < version; });
}

std::vector<RingUnit> RingUnits::TakeOutside(PartRange share) {
  return TakeIf(&units_,
                [&](const RingUnit& unit) { return unit.parts.first < share.first || unit.parts.end > share.end; });
}

}  // namespace pumasi
