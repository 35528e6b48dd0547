#include "worker/exchange/router.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/crc32c.h"
#include "common/error_detail.h"
#include "common/layout/slot_roles.h"
#include "common/layout/slots.h"
#include "ops/wire/value_codec.h"

namespace pumasi {
namespace {

// By slot, whom to ask for its values.
std::vector<uint32_t> ReadersOf(const v1::Layout& layout, uint64_t incarnation) {
  std::vector<uint32_t> readers(layout.slot_owner().begin(), layout.slot_owner().end());
  if (layout.replicas_size() == 0) return readers;
  // Who has no copy asks one of them for all, and another one than others do.
  uint32_t reader = layout.replicas(static_cast<int>(incarnation % static_cast<uint64_t>(layout.replicas_size())));
  for (const uint32_t replica : layout.replicas()) {
    if (layout.servers(static_cast<int>(replica)).incarnation() == incarnation) reader = replica;
  }
  for (uint32_t slot = 0; slot < readers.size(); ++slot) {
    if (IsReplicated(layout, slot)) readers[slot] = reader;
  }
  return readers;
}

}  // namespace

absl::StatusOr<Router> Router::Create(std::vector<v1::TableSpec> tables, v1::Layout layout, Precision wire,
                                      const DenseCoding& coding, uint64_t incarnation) {
  if (absl::Status status = CheckLayout(layout); !status.ok()) return status;
  Router router;
  router.tables_ = std::move(tables);
  router.layout_ = std::move(layout);
  router.wire_ = wire;
  router.coding_ = coding;
  router.holders_ = HoldersOf(router.layout_);
  const SlotSpace space = SlotSpaceOf(router.layout_);
  for (uint32_t slot = 0; slot < space.slots; ++slot) router.slot_holders_.push_back(HoldersOf(router.layout_, slot));
  router.slot_reader_ = ReadersOf(router.layout_, incarnation);
  router.primary_chunks_.resize(router.servers());
  router.read_chunks_.resize(router.servers());
  router.held_chunks_.resize(router.servers());
  for (uint32_t table = 0; table < router.tables_.size(); ++table) {
    const v1::TableSpec& spec = router.tables_[table];
    if (spec.kind() == v1::TableSpec::ROWS) {
      if (router.row_table_ >= 0) return absl::InvalidArgumentError("a job can have one row table");
      router.row_table_ = static_cast<int>(table);
      continue;
    }
    for (uint32_t index = 0; index < DenseChunks(spec); ++index) {
      const Chunk chunk = {table, index, static_cast<uint32_t>(ChunkFloats(spec, index))};
      const uint32_t slot = space.OfChunk(table, index);
      router.primary_chunks_[router.layout_.slot_owner(static_cast<int>(slot))].push_back(chunk);
      router.read_chunks_[router.slot_reader_[slot]].push_back(chunk);
      for (const uint32_t holder : router.slot_holders_[slot]) router.held_chunks_[holder].push_back(chunk);
    }
  }
  return router;
}

Router::Positions Router::SplitPull(const std::vector<uint64_t>& ids) const {
  Positions positions(servers());
  const SlotSpace space = SlotSpaceOf(layout_);
  for (uint32_t i = 0; i < ids.size(); ++i) {
    positions[slot_reader_[space.OfRow(row_table_, ids[i])]].push_back(i);
  }
  return positions;
}

Router::Positions Router::SplitPush(const std::vector<uint64_t>& ids) const {
  Positions positions(servers());
  const SlotSpace space = SlotSpaceOf(layout_);
  for (uint32_t i = 0; i < ids.size(); ++i) {
    for (const uint32_t holder : slot_holders_[space.OfRow(row_table_, ids[i])]) positions[holder].push_back(i);
  }
  return positions;
}

Router::Positions Router::SplitPush(const Gradient& gradient) const {
  return row_table_ < 0 ? Positions(servers()) : SplitPush(gradient.rows[row_table_].ids);
}

void Router::FillKeys(const std::vector<uint64_t>& ids, const std::vector<uint32_t>& positions,
                      v1::RowKeys* keys) const {
  keys->set_table(row_table_);
  keys->mutable_deltas()->Reserve(static_cast<int>(positions.size()));
  uint64_t previous = 0;
  for (const uint32_t position : positions) {
    keys->add_deltas(ids[position] - previous);
    previous = ids[position];
  }
}

void Router::Prepare(PulledParameters* out) const {
  out->dense.resize(tables_.size());
  for (size_t table = 0; table < tables_.size(); ++table) {
    if (tables_[table].kind() != v1::TableSpec::ROWS) out->dense[table].resize(DenseFloats(tables_[table]));
  }
  if (row_table_ >= 0) out->rows.resize(out->ids.size() * tables_[row_table_].columns());
}

void Router::FillPull(const std::vector<uint64_t>& ids, size_t server, const std::vector<uint32_t>& positions,
                      v1::PullRequest* pull) const {
  pull->set_dense(!read_chunks_[server].empty());
  if (!positions.empty()) FillKeys(ids, positions, pull->add_rows());
}

absl::Status Router::Take(const v1::PullResponse& response, const ArrivedValues& values, size_t server,
                          const std::vector<uint32_t>& positions, PulledParameters* out) const {
  const std::string& name = layout_.servers(static_cast<int>(server)).node();
  const auto wrong = [&](absl::string_view what) {
    return DetailedError(v1::ErrorDetail::MALFORMED, absl::StrCat("server ", name, " sent ", what));
  };
  const auto wrong_bytes = [&](const ByteView& bytes, uint64_t wanted) {
    return wrong(
        absl::StrCat(bytes.size(), " bytes of values where ", wanted, " were asked for (wire: ", WireName(wire_), ")"));
  };
  if (!positions.empty()) {
    const size_t width = tables_[row_table_].columns();
    if (response.rows_size() != 1) return wrong("no rows where some were asked for");
    const v1::RowValues& rows = response.rows(0);
    if (rows.table() != static_cast<uint32_t>(row_table_) || rows.rows() != positions.size() || rows.width() != width) {
      return wrong("rows of another shape than asked for");
    }
    const uint64_t wanted = ValueBytes(wire_, positions.size(), width);
    if (values.rows[0].size() != wanted) return wrong_bytes(values.rows[0], wanted);
    if (Crc32c(values.rows[0]) != rows.crc32c())
      return absl::DataLossError(absl::StrCat("rows from ", name, " are damaged"));
    ValueReader reader(wire_, values.rows[0]);
    for (const uint32_t position : positions) reader.Read(out->rows.data() + position * width, width);
    if (!reader.ok()) return wrong("rows without a valid exponent");
  }
  const std::vector<Chunk>& asked = read_chunks_[server];
  if (response.dense_size() != static_cast<int>(asked.size())) return wrong("other dense chunks than it was asked for");
  for (size_t i = 0; i < asked.size(); ++i) {
    const Chunk& chunk = asked[i];
    const v1::DenseChunk& got = response.dense(static_cast<int>(i));
    const ByteView& bytes = values.dense[i];
    if (got.table() != chunk.table || got.chunk() != chunk.chunk) return wrong("a dense chunk that does not fit");
    const uint64_t wanted = ValueBytes(wire_, 1, chunk.floats);
    if (bytes.size() != wanted) return wrong_bytes(bytes, wanted);
    if (Crc32c(bytes) != got.crc32c()) return absl::DataLossError(absl::StrCat("a tensor from ", name, " is damaged"));
    ValueReader reader(wire_, bytes);
    reader.Read(out->dense[chunk.table].data() + chunk.chunk * kChunkFloats, chunk.floats);
    if (!reader.ok()) return wrong("a tensor without a valid exponent");
  }
  return absl::OkStatus();
}

void Router::FillPush(const std::shared_ptr<const Gradient>& gradient, size_t server,
                      const std::vector<uint32_t>& positions, OutgoingPush* push) const {
  if (!positions.empty()) {
    const RowGradient& rows = gradient->rows[row_table_];
    const size_t width = tables_[row_table_].columns();
    FillKeys(rows.ids, positions, push->head.add_keys());
    v1::RowValues* values = push->head.add_values();
    values->set_table(row_table_);
    values->set_rows(positions.size());
    values->set_width(static_cast<uint32_t>(width));
    ValueWriter gathered(wire_, positions.size(), width);
    for (const uint32_t position : positions) gathered.Add(rows.values.data() + position * width, width);
    push->rows.push_back(gathered.Take());
    values->set_crc32c(Crc32c(push->rows.back()));
  }
  for (const Chunk& chunk : held_chunks_[server]) {
    if (gradient->dense[chunk.table].empty()) continue;
    const float* values = gradient->dense[chunk.table].data() + chunk.chunk * kChunkFloats;
    ByteBlock block;
    if (IsCoded(coding_, tables_[chunk.table])) {
      block = EncodeDense(coding_, chunk.floats, values);
    } else if (wire_ == Precision::kFloat32) {
      block = {std::shared_ptr<const void>(gradient, values), chunk.floats * sizeof(float)};
    } else {
      ValueWriter narrow(wire_, 1, chunk.floats);
      narrow.Add(values, chunk.floats);
      block = narrow.Take();
    }
    v1::DenseChunk* out = push->head.add_dense();
    out->set_table(chunk.table);
    out->set_chunk(chunk.chunk);
    out->set_crc32c(Crc32c(block));
    push->dense.push_back(std::move(block));
  }
}

}  // namespace pumasi
