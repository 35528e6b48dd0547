// How long the stages of the work take, as sums and histograms: cheap enough to be always on.
#ifndef PUMASI_COMMON_STAGE_TIMES_H_
#define PUMASI_COMMON_STAGE_TIMES_H_

#include <array>
#include <cstdint>

#include "absl/time/time.h"
#include "common/time_histogram.h"
#include "proto/time_use.pb.h"

namespace pumasi {

// What a peer told, or 0 if that makes no sense: NaN, negative, or longer than any process lives (1e9 s).
double SaneSeconds(double seconds);

// "lease", "read", ...: a stage as people and scripts read it; "" of one that is not known.
const char* StageName(v1::Stage stage);

// How often a stage took how long. Not thread-safe.
class StageSums {
 public:
  void Add(v1::Stage stage, absl::Duration took);
  void Add(const StageSums& sums);
  // What a peer told. Stages and buckets that are not known, and seconds that make no sense, are left out.
  void Add(const v1::StageTimes& times);

  // Those that occurred, by stage.
  void Fill(google::protobuf::RepeatedPtrField<v1::StageTimes>* out) const;
  // Likewise, and forgets them.
  void Take(google::protobuf::RepeatedPtrField<v1::StageTimes>* out);

 private:
  std::array<TimeHistogram, v1::Stage_ARRAYSIZE> sums_;
};

// How many there were.
uint64_t CountOf(const v1::StageTimes& times);
// In seconds: below this were a share `q` of them at least, to within a bucket; 0 if there were none, infinity if they
// fall into the last bucket.
double QuantileOf(const v1::StageTimes& times, double q);

}  // namespace pumasi

#endif  // PUMASI_COMMON_STAGE_TIMES_H_
