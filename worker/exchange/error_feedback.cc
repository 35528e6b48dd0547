#include "worker/exchange/error_feedback.h"

#include <utility>

#include "common/error_detail.h"
#include "common/layout/slots.h"

namespace pumasi {
namespace {

// Did the server, as far as the answer says, leave everything as it was? One that has a part of a unit takes the rest
// where it can before it refuses.
bool ChangedNothing(const absl::Status& refusal) {
  const auto reason = ReasonOf(refusal);
  return reason != v1::ErrorDetail::REASON_UNSPECIFIED && reason != v1::ErrorDetail::PARTLY_APPLIED;
}

}  // namespace

ErrorFeedback::ErrorFeedback(const DenseCoding& coding, std::vector<v1::TableSpec> tables)
    : coding_(coding), tables_(std::move(tables)), residuals_(tables_.size()) {
  for (size_t table = 0; table < tables_.size(); ++table) {
    if (IsCoded(coding_, tables_[table])) residuals_[table].resize(DenseFloats(tables_[table]));
  }
}

void ErrorFeedback::Quantise(uint64_t number, uint64_t generation, Gradient* gradient) {
  if (!coding_.on()) return;
  if (std::exchange(generation_, generation) != generation) {
    units_.clear();
    for (std::vector<float>& residual : residuals_) residual.assign(residual.size(), 0);
  }
  Unit unit;
  unit.added.resize(tables_.size());
  unit.chunks.resize(tables_.size());
  for (size_t table = 0; table < tables_.size(); ++table) {
    std::vector<float>& residual = residuals_[table];
    if (residual.empty() || gradient->dense[table].empty()) continue;
    std::vector<float> before = residual;
    QuantiseDense(coding_, residual.size(), gradient->dense[table].data(), residual.data());
    for (size_t i = 0; i < residual.size(); ++i) before[i] = residual[i] - before[i];
    unit.added[table] = std::move(before);
    unit.chunks[table].resize(DenseChunks(tables_[table]));
  }
  units_[number] = std::move(unit);
}

template <typename Change>
void ErrorFeedback::ForChunks(uint64_t number, const Router& router, uint32_t server, Change change) {
  const auto unit = units_.find(number);
  if (unit == units_.end()) return;
  for (const Router::Chunk& chunk : router.primary_chunks(server)) {
    auto& chunks = unit->second.chunks[chunk.table];
    if (!chunks.empty()) change(chunks[chunk.chunk]);
  }
}

void ErrorFeedback::Sent(uint64_t unit, const Router& router, uint32_t server) {
  ForChunks(unit, router, server, [](Chunk& chunk) { ++chunk.unknown; });
}

void ErrorFeedback::Answered(uint64_t unit, const Router& router, uint32_t server, const absl::Status& status,
                             v1::PushResponse::Outcome outcome) {
  if (!status.ok() && !ChangedNothing(status)) return;
  ForChunks(unit, router, server, [&](Chunk& chunk) {
    if (chunk.unknown > 0) --chunk.unknown;
    if (!status.ok()) return;
    // If the server has had it, then from an earlier call of ours whose answer was lost, where there was one.
    if (outcome == v1::PushResponse::ACCEPTED || chunk.unknown > 0) chunk.counts = true;
  });
}

void ErrorFeedback::End(uint64_t number) {
  const auto found = units_.find(number);
  if (found == units_.end()) return;
  const Unit& unit = found->second;
  for (size_t table = 0; table < tables_.size(); ++table) {
    for (size_t chunk = 0; chunk < unit.chunks[table].size(); ++chunk) {
      if (unit.chunks[table][chunk].counts) continue;
      const size_t first = chunk * kChunkFloats;
      const size_t end = first + ChunkFloats(tables_[table], static_cast<uint32_t>(chunk));
      for (size_t i = first; i < end; ++i) residuals_[table][i] -= unit.added[table][i];
    }
  }
  units_.erase(found);
}

}  // namespace pumasi
