// Results and returned leases on their way to the scheduler: kept until it has taken them.
#ifndef PUMASI_WORKER_JOB_REPORT_QUEUE_H_
#define PUMASI_WORKER_JOB_REPORT_QUEUE_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "proto/scheduler.pb.h"

namespace pumasi {

// Not thread-safe. One request is on its way at a time; it holds the oldest entries.
class ReportQueue {
 public:
  // Entries of one request.
  static constexpr size_t kMost = 256;

  void AddDone(v1::UnitDone done) { done_.push_back(std::move(done)); }
  void AddReturned(uint64_t token) { returned_.push_back(token); }

  bool empty() const { return done_.empty() && returned_.empty(); }
  // Results that are kept.
  size_t size() const { return done_.size(); }

  bool has_returned() const { return !returned_.empty(); }

  // Leases of the results; the scheduler has to hear of a result before it may give its lease to others.
  std::vector<uint64_t> tokens() const;

  // The next request: what was not taken comes again. Its more_results says whether there are others. REQUIRES: none is
  // on its way.
  v1::LeaseUnitsRequest Take();
  // The end of the request on its way: whether the scheduler took it, or it is to be told again.
  void Ended(bool taken);
  // Forgets everything; a request on its way may still end.
  void Clear();

 private:
  std::deque<v1::UnitDone> done_;
  std::deque<uint64_t> returned_;
  size_t done_on_way_ = 0, returned_on_way_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_REPORT_QUEUE_H_
