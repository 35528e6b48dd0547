// How many distinct ids some rows hold, from a sample of the data's rows.
#ifndef PUMASI_TOOLS_PLAN_DISTINCT_IDS_H_
#define PUMASI_TOOLS_PLAN_DISTINCT_IDS_H_

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace pumasi {

// The expected number of distinct ids in n rows drawn at random, without putting back. Up to the sample's size it is
// the mean over all ways of choosing n of the sample's rows, exactly: an id in c of S rows is missed with probability
// C(S - c, n) / C(S, n) (rarefaction: Hurlbert, "The Nonconcept of Species Diversity", 1971). Beyond it, from how many
// ids were seen in one row and in two rows only (Chao1; Colwell et al., "Models and estimators linking individual-based
// and sample-based rarefaction, extrapolation and comparison of assemblages", 2012, eq. 18), a lower bound on average,
// and never more than the ids that there are. Immutable after Finish: then thread-safe.
class DistinctIds {
 public:
  // A row of the sample; an id that stands in it twice counts once.
  void AddRow(std::span<const uint32_t> ids);
  // All of the sample is there. `rows` of the data, `ids` that there are at most. Call it once.
  void Finish(uint64_t rows, uint64_t ids);

  // 0 for no rows; for more rows than the data has, as for all of them. REQUIRES: Finish was called.
  double Expected(double rows) const;

  uint64_t sampled_rows() const { return sampled_rows_; }
  // Whether the sample is all of the data, so that nothing is extrapolated.
  bool whole() const { return sampled_rows_ >= rows_; }
  // Mean and standard deviation of the tokens of a row.
  double tokens() const { return tokens_; }
  double tokens_deviation() const { return tokens_deviation_; }

 private:
  std::vector<uint32_t> seen_;  // until Finish: a row's distinct ids, one row's after another's
  std::vector<uint32_t> row_;
  double sum_ = 0, squares_ = 0;

  std::map<uint64_t, uint64_t> ids_in_;  // by number of rows: the ids that stand in so many of the sample's
  uint64_t sampled_rows_ = 0, rows_ = 0;
  double observed_ = 0, most_ = 0, tokens_ = 0, tokens_deviation_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_DISTINCT_IDS_H_
