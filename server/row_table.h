// The rows of one row table and slot that a server holds: an open-addressed index over slabs of rows.
#ifndef PUMASI_SERVER_ROW_TABLE_H_
#define PUMASI_SERVER_ROW_TABLE_H_

#include <cstdint>
#include <memory>
#include <vector>

namespace pumasi {

// A row lives at one address for as long as the table does: rows are never moved when the table grows. Not thread-safe.
class RowTable {
 public:
  // `floats`: of one row with its optimizer slots.
  explicit RowTable(uint32_t floats);

  struct Row {
    uint64_t id;
    uint64_t last_step;  // the step after which `state` is
    float* state;        // value, then optimizer slots
  };

  // The row, or nullptr. Pointers to Row are valid until the next FindOrInsert; `state` stays where it is.
  const Row* Find(uint64_t id) const;
  Row* Find(uint64_t id) { return const_cast<Row*>(static_cast<const RowTable*>(this)->Find(id)); }
  // The row; a new one has last_step 0 and zeros for its state. `inserted` says whether it is new.
  Row* FindOrInsert(uint64_t id, bool* inserted);

  // What Find(id) and whoever uses the row after it would wait for comes from memory: the three in this order, each
  // some rows after the one before it. Costs time and changes nothing.
  void FetchPlace(uint64_t id) const { __builtin_prefetch(&index_[Hash(id) & (index_.size() - 1)]); }
  void FetchRow(uint64_t id) const;
  void FetchState(uint64_t id) const;

  // In the order in which they were inserted; a row's number is its place in it.
  const std::vector<Row>& rows() const { return rows_; }
  uint32_t NumberOf(const Row* row) const { return static_cast<uint32_t>(row - rows_.data()); }
  uint64_t bytes() const;
  // By how much bytes() goes up with so many more rows.
  uint64_t Growth(uint64_t rows) const;
  // What one more row costs, what is in store for further ones left out.
  uint64_t row_bytes() const { return sizeof(Row) + floats_ * sizeof(float); }

 private:
  static uint64_t Hash(uint64_t id) {
    id *= 0x9e3779b97f4a7c15;  // 2^64 / golden ratio: neighbouring ids go far apart
    return id ^ (id >> 32);
  }
  // Where the id is, or the empty place where it would go.
  size_t Place(uint64_t id) const;
  void Grow();
  void AddSlab();
  // Rows of the slab that follows slabs with `rows` rows.
  uint64_t NextSlab(uint64_t rows) const;

  static constexpr uint32_t kEmpty = 0xffffffff;

  const uint32_t floats_;
  std::vector<Row> rows_;
  std::vector<std::unique_ptr<float[]>> slabs_;
  float* free_ = nullptr;        // place of the next row
  uint64_t free_rows_ = 0;       // places from there on
  uint64_t slab_rows_ = 0;       // places in all slabs
  std::vector<uint32_t> index_;  // into rows_; a power of two long, at most 7/8 full; linear probing
};

// Calls f(i) for all i below `count`, and some rows earlier what makes table(i) ready for id(i).
template <typename Id, typename Table, typename F>
void ForEachFetched(size_t count, Id id, Table table, F f) {
  constexpr size_t kPlace = 16, kRow = 8, kState = 3;
  for (size_t i = 0; i < kPlace && i < count; ++i) table(i).FetchPlace(id(i));
  for (size_t i = 0; i < kRow && i < count; ++i) table(i).FetchRow(id(i));
  for (size_t i = 0; i < kState && i < count; ++i) table(i).FetchState(id(i));
  for (size_t i = 0; i < count; ++i) {
    if (i + kPlace < count) table(i + kPlace).FetchPlace(id(i + kPlace));
    if (i + kRow < count) table(i + kRow).FetchRow(id(i + kRow));
    if (i + kState < count) table(i + kState).FetchState(id(i + kState));
    f(i);
  }
}

}  // namespace pumasi

#endif  // PUMASI_SERVER_ROW_TABLE_H_
