// A part's rows of different lengths, on a device: the twin of ops/sequences.h's IndexedSequences.
#ifndef PUMASI_OPS_CUDA_SEQUENCE_INDEX_H_
#define PUMASI_OPS_CUDA_SEQUENCE_INDEX_H_

#include <cstdint>
#include <vector>

#include "ops/cuda/row_groups.h"
#include "ops/cuda/stream.h"
#include "ops/cuda/upload.h"

namespace pumasi::cuda {

// Which vector each token of each row is; not the vectors. Used again for each part. Not thread-safe.
class SequenceIndex {
 public:
  // offsets[rows + 1] and tokens[offsets[rows]] as in IndexedSequences; host arrays that may go afterwards.
  void Build(Stream* stream, int rows, const uint32_t* offsets, const uint32_t* tokens, int distinct);
  // Each token has a vector of its own, in the tokens' order.
  void BuildOwnVectors(Stream* stream, int rows, const uint32_t* offsets);

  int rows() const { return static_cast<int>(host_offsets_.size()) - 1; }
  size_t tokens() const { return host_offsets_.back(); }
  int distinct() const { return distinct_; }
  bool own_vectors() const { return own_vectors_; }
  const std::vector<uint32_t>& host_offsets() const { return host_offsets_; }
  const std::vector<uint32_t>& host_tokens() const { return host_tokens_; }

  // Device arrays: offsets[rows + 1], and of each token its vector and its row.
  const uint32_t* offsets() const { return offsets_; }
  const uint32_t* vector_of_token() const { return vector_of_token_; }
  const uint32_t* row_of_token() const { return row_of_token_; }

  // by_vector[distinct × width] = the sums of by_token[tokens × width].
  void MergeTokens(Stream* stream, int width, const float* by_token, float* by_vector);

 private:
  void Send(Stream* stream, int rows, const uint32_t* offsets);

  bool own_vectors_ = false;
  int distinct_ = 0;
  std::vector<uint32_t> host_offsets_ = {0}, host_tokens_;
  Upload upload_;
  const uint32_t *offsets_ = nullptr, *vector_of_token_ = nullptr, *row_of_token_ = nullptr;
  // Built when MergeTokens is first called.
  RowGroups groups_;
  bool grouped_ = false;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_SEQUENCE_INDEX_H_
