// Rows of a table by id, and the ids that a part touches.
#ifndef PUMASI_OPS_EMBEDDING_H_
#define PUMASI_OPS_EMBEDDING_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pumasi {

// distinct: the ids that occur in ids[count], ascending, each once; index[i]: where ids[i] stands in it. REQUIRES:
// fewer than 2^32 ids. Thread-safe.
void MergeIds(const uint64_t* ids, size_t count, std::vector<uint64_t>* distinct, std::vector<uint32_t>* index);

// out[count × width]: row index[i] of table[· × width] at i. Thread-safe.
void GatherRows(size_t width, const float* table, const uint32_t* index, size_t count, float* out);

}  // namespace pumasi

#endif  // PUMASI_OPS_EMBEDDING_H_
