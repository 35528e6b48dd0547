#include "ops/embedding.h"

#include <algorithm>
#include <utility>

namespace pumasi {

void MergeIds(const uint64_t* ids, size_t count, std::vector<uint64_t>* distinct, std::vector<uint32_t>* index) {
  std::vector<std::pair<uint64_t, uint32_t>> order(count);
  for (size_t i = 0; i < count; ++i) order[i] = {ids[i], static_cast<uint32_t>(i)};
  std::sort(order.begin(), order.end());
  distinct->clear();
  index->resize(count);
  for (const auto& [id, place] : order) {
    if (distinct->empty() || distinct->back() != id) distinct->push_back(id);
    (*index)[place] = static_cast<uint32_t>(distinct->size() - 1);
  }
}

void GatherRows(size_t width, const float* table, const uint32_t* index, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) std::copy_n(table + index[i] * width, width, out + i * width);
}

}  // namespace pumasi
