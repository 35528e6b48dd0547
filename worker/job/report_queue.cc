#include "worker/job/report_queue.h"

#include <algorithm>

namespace pumasi {

std::vector<uint64_t> ReportQueue::tokens() const {
  std::vector<uint64_t> tokens;
  for (const v1::UnitDone& done : done_) {
    if (done.token() > 0) tokens.push_back(done.token());
  }
  return tokens;
}

v1::LeaseUnitsRequest ReportQueue::Take() {
  v1::LeaseUnitsRequest request;
  done_on_way_ = std::min(kMost, done_.size());
  returned_on_way_ = std::min(kMost, returned_.size());
  for (size_t i = 0; i < done_on_way_; ++i) *request.add_done() = done_[i];
  for (size_t i = 0; i < returned_on_way_; ++i) request.add_returned(returned_[i]);
  request.set_more_results(done_.size() > done_on_way_);
  return request;
}

void ReportQueue::Ended(bool taken) {
  if (taken) {
    done_.erase(done_.begin(), done_.begin() + static_cast<ptrdiff_t>(done_on_way_));
    returned_.erase(returned_.begin(), returned_.begin() + static_cast<ptrdiff_t>(returned_on_way_));
  }
  done_on_way_ = returned_on_way_ = 0;
}

void ReportQueue::Clear() {
  done_.clear();
  returned_.clear();
  done_on_way_ = returned_on_way_ = 0;
}

}  // namespace pumasi
