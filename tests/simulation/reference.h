// The parameters that a job has to come to, version by version: plain loops over the optimizer, with no server, slot,
// layout or message in it.
#ifndef PUMASI_TESTS_SIMULATION_REFERENCE_H_
#define PUMASI_TESTS_SIMULATION_REFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/made_up_work.h"
#include "tests/simulation/scenario.h"

namespace pumasi::sim {

class Reference {
 public:
  explicit Reference(const Scenario& scenario);

  // All values at a version: by table, rows × columns floats, as servers keep them.
  using Values = std::vector<std::vector<float>>;
  const Values& At(uint64_t version) const { return views_[0].versions[version]; }
  uint64_t last() const { return views_[0].versions.size() - 1; }

  // Empty if these are the values at the version, bit for bit, as workers see them or as servers keep them; otherwise
  // the first that is not. Where a job does not promise the same bits (Scenario.same_bits) row tables alone count.
  // `lane`: what its workers see, where lanes have parameters of their own.
  std::string Compare(uint64_t version, const Parameters& seen, std::optional<uint32_t> lane = std::nullopt) const;
  std::string Compare(uint64_t version, const Values& values) const;

  // Where parameters may lack batches, rows from `version` on, and dense tables from `of_dense` on: empty if the job
  // does not count (then there is nothing to compare with), or if nothing that was counted before them is missing, nor
  // more there than in the end.
  std::string CompareCounts(uint64_t version, uint64_t of_dense, const Parameters& seen) const;

  // What the counting optimizer has to come to, counted without any floats.
  std::string CheckCounts(const Values& values) const;

 private:
  struct View {
    std::vector<Values> versions;
    std::vector<Values> seen;  // likewise, rounded; empty where workers see what servers keep
  };
  // At a version, as workers see them.
  const Values& SeenAt(uint64_t version, std::optional<uint32_t> lane) const {
    const View& view = views_[lane ? 1 + *lane : 0];
    return view.seen.empty() ? view.versions[version] : view.seen[version];
  }
  // What a part is computed with.
  Parameters SeenBy(uint64_t version, uint32_t part) const;
  void Append(Values values, View* view) const;

  const Scenario& scenario_;
  std::vector<View> views_;  // what counts, then by lane, where these have parameters of their own
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_REFERENCE_H_
