#include "tests/simulation/reference.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/averaging.h"
#include "common/layout/part_range.h"
#include "common/layout/slots.h"
#include "ops/elastic_average.h"
#include "ops/exact_sum.h"
#include "ops/initializer.h"
#include "ops/norm_clip.h"
#include "ops/optimizer.h"
#include "ops/tree/node_rounding.h"
#include "ops/wire/bf16_values.h"
#include "ops/wire/fp16_values.h"

namespace pumasi::sim {
namespace {

// A piece of a table that the optimizer steps as one: a row, or a whole tensor.
struct Piece {
  uint64_t last_step = 0;
  std::vector<float> state;  // value, then slots
};

// The sum over the node's parts, by the definition of the tree (common/layout/part_range.h, ops/tree/node_rounding.h).
Gradient Sum(const std::vector<Gradient>& parts, PartRange range, const std::vector<uint32_t>& widths,
             const BatchRounding& rounding) {
  const NodeRounding of_node(rounding, range);
  if (range.size() == 1) {
    Gradient leaf = parts[range.first];
    Round(of_node, widths, &leaf);
    return leaf;
  }
  uint32_t half = 1;
  while (half * 2 < range.size()) half *= 2;
  Gradient left = Sum(parts, {range.first, range.first + half}, widths, rounding);
  Add(left, Sum(parts, {range.first + half, range.end}, widths, rounding), widths);
  // All of it: what one side has alone has been rounded, and stays as it is.
  Round(of_node, widths, &left);
  return left;
}

// What ElasticAverage takes: of each row that some lane has, and of each tensor, lanes × width values.
Gradient SideBySide(const Scenario& scenario, std::vector<Gradient> lanes, const std::vector<uint32_t>& widths,
                    const BatchRounding& rounding) {
  Gradient all;
  all.rows.resize(widths.size());
  all.dense.resize(widths.size());
  for (uint32_t lane = 0; lane < lanes.size(); ++lane) {
    Round(NodeRounding(rounding, {lane, lane + 1}), widths, &lanes[lane]);
  }
  for (size_t table = 0; table < widths.size(); ++table) {
    const v1::TableSpec& spec = scenario.tables[table];
    if (spec.kind() == v1::TableSpec::DENSE) {
      for (Gradient& lane : lanes) {
        lane.dense[table].resize(spec.rows() * spec.columns());
        all.dense[table].insert(all.dense[table].end(), lane.dense[table].begin(), lane.dense[table].end());
      }
      continue;
    }
    std::map<uint64_t, std::vector<float>> rows;
    for (size_t lane = 0; lane < lanes.size(); ++lane) {
      const RowGradient& mine = lanes[lane].rows[table];
      for (size_t i = 0; i < mine.ids.size(); ++i) {
        std::vector<float>& row = rows[mine.ids[i]];
        row.resize(lanes.size() * widths[table]);
        std::copy_n(mine.values.data() + i * widths[table], widths[table], row.data() + lane * widths[table]);
      }
    }
    for (const auto& [id, values] : rows) {
      all.rows[table].ids.push_back(id);
      all.rows[table].values.insert(all.rows[table].values.end(), values.begin(), values.end());
    }
  }
  return all;
}

void ClipToNorms(const Scenario& scenario, Gradient* sum) {
  std::vector<double> squares;
  for (size_t table = 0; table < scenario.tables.size(); ++table) {
    ExactSum exact;
    const size_t columns = scenario.tables[table].columns();
    for (size_t row = 0; row < sum->rows[table].ids.size(); ++row) {
      exact.Add(SumOfSquares(columns, sum->rows[table].values.data() + row * columns));
    }
    if (!sum->dense[table].empty()) exact.Add(SumOfSquares(sum->dense[table].size(), sum->dense[table].data()));
    squares.push_back(exact.Value());
  }
  const std::vector<float> factors = ClipFactors(scenario.job.optimizer(), scenario.tables, squares);
  for (size_t table = 0; table < scenario.tables.size(); ++table) {
    for (float& value : sum->rows[table].values) value *= factors[table];
    for (float& value : sum->dense[table]) value *= factors[table];
  }
}

}  // namespace

Reference::Reference(const Scenario& scenario) : scenario_(scenario) {
  // Of a job that averages, a made-up gradient is what a lane would have changed.
  const v1::Optimizer settings = HoldersOptimizer(scenario.job);
  const ElasticRule rule = ElasticRuleOf(scenario.job);
  const auto elastic = rule.lanes > 0 ? std::make_unique<ElasticAverage>(rule.lanes, rule.share) : nullptr;
  auto made = MakeOptimizer(settings);
  if (!made.ok()) std::abort();
  const Optimizer& optimizer = elastic != nullptr ? *elastic : **made;
  views_.resize(1 + rule.lanes);
  std::vector<uint32_t> widths;
  std::vector<std::vector<Piece>> tables;  // rows; one piece for a tensor
  for (const v1::TableSpec& spec : scenario.tables) {
    widths.push_back(spec.columns());
    const bool rows = spec.kind() == v1::TableSpec::ROWS;
    const size_t width = rows ? spec.columns() : spec.rows() * spec.columns();
    std::vector<float> initial(spec.rows() * spec.columns());
    InitialTensor(spec, initial.data());
    tables.emplace_back(rows ? spec.rows() : 1);
    for (size_t i = 0; i < tables.back().size(); ++i) {
      Piece& piece = tables.back()[i];
      piece.state.assign(initial.begin() + i * width, initial.begin() + (i + 1) * width);
      piece.state.resize(width * (1 + optimizer.slots()));
      optimizer.InitSlots(static_cast<int>(width), piece.state.data() + width);
    }
  }
  const auto width_of = [&](const Piece& piece) { return piece.state.size() / (1 + optimizer.slots()); };
  // Rows that were never changed show their initial values whatever the optimizer would make of them.
  const auto read = [&](uint64_t version, std::optional<uint32_t> lane) {
    Values values;
    for (const auto& pieces : tables) {
      values.emplace_back();
      for (const Piece& piece : pieces) {
        const size_t width = width_of(piece);
        std::vector<float> out(width);
        const float *value = piece.state.data(), *slots = value + width;
        if (lane) {
          elastic->PeekLane(*lane, piece.last_step, version, static_cast<int>(width), value, slots, out.data());
        } else {
          optimizer.Peek(piece.last_step, version, static_cast<int>(width), value, slots, out.data());
        }
        values.back().insert(values.back().end(), out.begin(), out.end());
      }
    }
    return values;
  };
  const auto append = [&](uint64_t version) {
    Append(read(version, std::nullopt), &views_[0]);
    for (uint32_t lane = 0; lane < rule.lanes; ++lane) Append(read(version, lane), &views_[1 + lane]);
  };
  append(0);
  for (uint64_t version = 0; version < scenario.batches(); ++version) {
    std::vector<Gradient> parts;
    for (uint32_t part = 0; part < scenario.job.micro_batches(); ++part) {
      parts.push_back(MadeUpGradient(scenario, WorkOf(scenario, version, part), version, part, SeenBy(version, part)));
    }
    const BatchRounding rounding(scenario.wire(), scenario.job.seed(), version);
    Gradient sum = elastic != nullptr ? SideBySide(scenario, std::move(parts), widths, rounding)
                                      : Sum(parts, {0, scenario.job.micro_batches()}, widths, rounding);
    if (ClipsByNorm(settings)) ClipToNorms(scenario, &sum);
    const auto step = [&](Piece& piece, const float* gradient) {
      const size_t width = width_of(piece);
      float* value = piece.state.data();
      optimizer.CatchUp(piece.last_step, version, static_cast<int>(width), value, value + width);
      optimizer.Apply(version + 1, static_cast<int>(width), gradient, value, value + width);
      piece.last_step = version + 1;
    };
    for (size_t table = 0; table < tables.size(); ++table) {
      const RowGradient& rows = sum.rows[table];
      for (size_t i = 0; i < rows.ids.size(); ++i) {
        step(tables[table][rows.ids[i]], rows.values.data() + i * rows.values.size() / rows.ids.size());
      }
      if (!sum.dense[table].empty()) step(tables[table][0], sum.dense[table].data());
    }
    append(version + 1);
  }
}

Parameters Reference::SeenBy(uint64_t version, uint32_t part) const {
  Parameters seen;
  for (uint64_t id = 0; id < scenario_.data.vocabulary(); ++id) seen.ids.push_back(id);
  const Values& pulled = SeenAt(version, IsElastic(scenario_.job) ? std::optional(part) : std::nullopt);
  for (size_t table = 0; table < pulled.size(); ++table) {
    const bool rows = scenario_.tables[table].kind() == v1::TableSpec::ROWS;
    if (rows) seen.rows = pulled[table];
    seen.dense.push_back(rows ? std::vector<float>() : pulled[table]);
  }
  return seen;
}

void Reference::Append(Values values, View* view) const {
  view->versions.push_back(values);
  if (scenario_.wire() == Precision::kFloat32) return;
  for (size_t table = 0; table < values.size(); ++table) {
    // As they travel: row by row, or a chunk at a time.
    const v1::TableSpec& spec = scenario_.tables[table];
    const size_t block = spec.kind() == v1::TableSpec::ROWS ? spec.columns() : kChunkFloats;
    for (size_t first = 0; first < values[table].size(); first += block) {
      const size_t count = std::min(block, values[table].size() - first);
      float* some = values[table].data() + first;
      std::vector<uint16_t> narrow(count + 1);
      if (scenario_.wire() == Precision::kBf16) {
        NarrowToBf16(count, some, narrow.data());
        WidenBf16(count, reinterpret_cast<const char*>(narrow.data()), some);
      } else {
        NarrowToFp16(count, some, narrow.data());
        WidenFp16(static_cast<int16_t>(narrow[0]), count, reinterpret_cast<const char*>(narrow.data() + 1), some);
      }
    }
  }
  view->seen.push_back(std::move(values));
}

std::string Reference::Compare(uint64_t version, const Parameters& seen, std::optional<uint32_t> lane) const {
  if (version > last()) return absl::StrCat("there is no version ", version);
  if (!scenario_.in_order() && !scenario_.counts()) return "";
  for (size_t table = 0; table < scenario_.tables.size(); ++table) {
    const v1::TableSpec& spec = scenario_.tables[table];
    const std::vector<float>& right = SeenAt(version, lane)[table];
    if (spec.kind() == v1::TableSpec::DENSE) {
      if (!scenario_.same_bits() && !scenario_.counts()) continue;
      if (seen.dense[table].size() != right.size() ||
          std::memcmp(seen.dense[table].data(), right.data(), right.size() * sizeof(float)) != 0) {
        return absl::StrCat("version ", version, ": ", spec.name(), " is another");
      }
      continue;
    }
    for (size_t i = 0; i < seen.ids.size(); ++i) {
      if (std::memcmp(&seen.rows[i * spec.columns()], &right[seen.ids[i] * spec.columns()],
                      spec.columns() * sizeof(float)) != 0) {
        return absl::StrCat("version ", version, ": ", spec.name(), " row ", seen.ids[i], " is ",
                            seen.rows[i * spec.columns()], ", should be ", right[seen.ids[i] * spec.columns()]);
      }
    }
  }
  return "";
}

std::string Reference::CompareCounts(uint64_t version, uint64_t of_dense, const Parameters& seen) const {
  if (!scenario_.counts()) return "";
  const auto check = [&](uint32_t table, size_t at, float value) {
    const bool rows = scenario_.tables[table].kind() == v1::TableSpec::ROWS;
    const float least = At(rows ? version : of_dense)[table][at], most = At(last())[table][at];
    if (value >= least && value <= most && value == std::floor(value)) return std::string();
    return absl::StrCat(scenario_.tables[table].name(), " value ", at, " is ", value, " and not from ", least, " to ",
                        most);
  };
  for (uint32_t table = 0; table < scenario_.tables.size(); ++table) {
    const v1::TableSpec& spec = scenario_.tables[table];
    const bool rows = spec.kind() == v1::TableSpec::ROWS;
    const std::vector<float>& values = rows ? seen.rows : seen.dense[table];
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t at = rows ? seen.ids[i / spec.columns()] * spec.columns() + i % spec.columns() : i;
      if (const std::string wrong = check(table, at, values[i]); !wrong.empty()) return wrong;
    }
  }
  return "";
}

std::string Reference::Compare(uint64_t version, const Values& values) const {
  if (version > last()) return absl::StrCat("there is no version ", version);
  if (!scenario_.in_order() && !scenario_.counts()) return "";
  for (size_t table = 0; table < values.size(); ++table) {
    const std::vector<float>& right = At(version)[table];
    if (scenario_.tables[table].kind() == v1::TableSpec::DENSE && !scenario_.same_bits() && !scenario_.counts()) {
      continue;
    }
    for (size_t i = 0; i < right.size(); ++i) {
      if (std::memcmp(&values[table][i], &right[i], sizeof(float)) != 0) {
        return absl::StrCat("version ", version, ": ", scenario_.tables[table].name(), " value ", i, " is ",
                            values[table][i], ", should be ", right[i]);
      }
    }
  }
  return "";
}

std::string Reference::CheckCounts(const Values& values) const {
  std::map<uint64_t, uint64_t> counts;
  uint64_t parts = 0;
  for (uint64_t version = 0; version < scenario_.batches(); ++version) {
    for (uint32_t part = 0; part < scenario_.job.micro_batches(); ++part) {
      const PartWork work = WorkOf(scenario_, version, part);
      if (work.samples > 0) ++parts;
      for (size_t i = 0; i < work.ids.size(); ++i) counts[work.ids[i]] += work.counts[i];
    }
  }
  for (size_t table = 0; table < values.size(); ++table) {
    const v1::TableSpec& spec = scenario_.tables[table];
    for (size_t i = 0; i < values[table].size(); ++i) {
      const uint64_t right = spec.kind() == v1::TableSpec::DENSE ? parts : counts[i / spec.columns()];
      if (values[table][i] != static_cast<float>(right)) {
        return absl::StrCat(spec.name(), " value ", i, " counted to ", values[table][i], ", should be ", right);
      }
    }
  }
  return "";
}

}  // namespace pumasi::sim
