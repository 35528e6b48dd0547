#include "worker/job/own_share.h"

#include <algorithm>

#include "common/layout/ring_group.h"

namespace pumasi {

void OwnShare::SetWorkers(const std::vector<uint64_t>& workers, uint64_t incarnation, const BatchPlan& plan,
                          uint64_t staleness) {
  plan_ = plan;
  ahead_ = kAhead + staleness;
  parts_ = {};
  const auto place = std::find(workers.begin(), workers.end(), incarnation);
  if (place == workers.end()) return;
  parts_ = ShareOfPlace(static_cast<uint64_t>(place - workers.begin()), workers.size(), plan.parts);
}

void OwnShare::Reset() {
  last_.reset();
  applied_ = 0;
  has_.clear();
}

void OwnShare::Leased(const v1::Lease& lease) {
  if (lease.kind() == v1::TRAIN) {
    if (!last_ || lease.epoch() >= last_->epoch()) last_ = lease;
  } else if (last_ && lease.epoch() >= last_->epoch()) {
    last_.reset();
  }
}

void OwnShare::Applied(uint64_t version) {
  if (version <= applied_) return;
  applied_ = version;
  has_.erase(has_.begin(), has_.lower_bound(version));
}

void OwnShare::Has(uint64_t version, PartRange parts) {
  if (version < applied_) return;
  std::vector<bool>& has = has_[version];
  has.resize(std::max<size_t>(has.size(), plan_.parts));
  for (uint32_t part = parts.first; part < parts.end && part < has.size(); ++part) has[part] = true;
}

void OwnShare::HasNot(uint64_t version, PartRange parts) {
  const auto has = has_.find(version);
  if (has == has_.end()) return;
  for (uint32_t part = parts.first; part < parts.end && part < has->second.size(); ++part) has->second[part] = false;
}

std::optional<v1::Lease> OwnShare::Next() const {
  if (!last_ || plan_.rows == 0 || plan_.batch == 0) return std::nullopt;
  const uint64_t first = last_->version() - last_->batch();  // of the epoch
  const uint64_t end = first + plan_.BatchesPerEpoch();
  const uint64_t from = std::max(applied_, first);
  for (uint64_t version = from; version < std::min(end, from + ahead_); ++version) {
    const auto has = has_.find(version);
    for (uint32_t part = parts_.first; part < parts_.end; ++part) {
      if (has != has_.end() && has->second[part]) continue;
      v1::Lease lease = *last_;
      lease.clear_token();
      lease.set_version(version);
      lease.set_batch(version - first);
      lease.set_first_part(part);
      lease.set_end_part(part + 1);
      return lease;
    }
  }
  return std::nullopt;
}

}  // namespace pumasi
