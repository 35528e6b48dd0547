#include "tests/simulation/made_up_work.h"

#include <algorithm>
#include <map>

#include "common/layout/slots.h"
#include "common/mix_bits.h"

namespace pumasi::sim {
namespace {

// In [-1, 1), of few bits.
float Noise(uint64_t key, uint64_t counter) {
  return static_cast<float>(static_cast<int64_t>(MixBits(key, counter) >> 50) - 8192) / 8192;
}

}  // namespace

PartWork WorkOf(const Scenario& scenario, uint64_t version, uint32_t part) {
  const BatchPlan plan = scenario.plan();
  PartWork work;
  work.samples = plan.Part(plan.BatchOf(version), part).size();
  std::map<uint64_t, uint32_t> counts;
  for (uint64_t i = 0; i < work.samples * 2; ++i) {
    const uint64_t mixed = MixBits(scenario.job.seed() + version * 4096 + part, i);
    // Low ids are frequent.
    const uint64_t below = 1 + mixed % scenario.data.vocabulary();
    ++counts[(mixed >> 32) % below];
  }
  for (const auto& [id, count] : counts) {
    work.ids.push_back(id);
    work.counts.push_back(count);
  }
  return work;
}

Gradient MadeUpGradient(const Scenario& scenario, const PartWork& work, uint64_t version, uint32_t part,
                        const Parameters& seen) {
  Gradient gradient;
  gradient.rows.resize(scenario.tables.size());
  gradient.dense.resize(scenario.tables.size());
  if (work.samples == 0) return gradient;
  const bool counts = scenario.counts();
  const uint64_t key = MixBits(scenario.job.seed() ^ version, part);
  float sum = 0;  // of all dense values: each of them counts in every gradient, where they are the same for all
  for (const std::vector<float>& tensor : seen.dense) {
    for (const float value : tensor) sum += scenario.same_bits() ? value : 0;
  }
  for (uint32_t table = 0; table < scenario.tables.size(); ++table) {
    const v1::TableSpec& spec = scenario.tables[table];
    if (spec.kind() == v1::TableSpec::DENSE) {
      std::vector<float>& out = gradient.dense[table];
      out.resize(DenseFloats(spec));
      for (size_t i = 0; i < out.size(); ++i) {
        out[i] = counts ? 1 : 0.25f * seen.dense[table][i] + 0.125f * Noise(key, table * 1000 + i) + 0.01f * sum;
      }
      continue;
    }
    gradient.rows[table].ids = work.ids;
    std::vector<float>& out = gradient.rows[table].values;
    size_t at = 0;
    for (size_t row = 0; row < work.ids.size(); ++row) {
      while (seen.ids[at] != work.ids[row]) ++at;
      for (uint32_t i = 0; i < spec.columns(); ++i) {
        const float value = seen.rows[at * spec.columns() + i];
        const auto count = static_cast<float>(work.counts[row]);
        out.push_back(counts ? count
                             : count * (0.25f * value + 0.125f * Noise(key, work.ids[row] * 16 + i) + 0.01f * sum));
      }
    }
  }
  // A lane's change is its share of a mean: holders apply the sum with rate 1; or its own alone.
  const bool mean = Averages(scenario.job) && !IsElastic(scenario.job);
  const float share = mean ? 1.0f / static_cast<float>(scenario.job.micro_batches()) : 1.0f;
  for (uint32_t table = 0; table < scenario.tables.size(); ++table) {
    for (float& value : gradient.rows[table].values) value *= share;
    for (float& value : gradient.dense[table]) value *= share;
  }
  return gradient;
}

v1::PartResult MadeUpResult(const PartWork& work, uint32_t part) {
  v1::PartResult result;
  result.set_part(part);
  result.set_samples(work.samples);
  result.set_loss(static_cast<double>(work.samples));
  result.set_correct(work.samples / 2);
  return result;
}

}  // namespace pumasi::sim
