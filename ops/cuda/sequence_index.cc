#include "ops/cuda/sequence_index.h"

#include <numeric>

namespace pumasi::cuda {

void SequenceIndex::Build(Stream* stream, int rows, const uint32_t* offsets, const uint32_t* tokens, int distinct) {
  own_vectors_ = false;
  distinct_ = distinct;
  host_tokens_.assign(tokens, tokens + offsets[rows]);
  Send(stream, rows, offsets);
}

void SequenceIndex::BuildOwnVectors(Stream* stream, int rows, const uint32_t* offsets) {
  own_vectors_ = true;
  distinct_ = static_cast<int>(offsets[rows]);
  host_tokens_.resize(offsets[rows]);
  std::iota(host_tokens_.begin(), host_tokens_.end(), 0u);
  Send(stream, rows, offsets);
}

void SequenceIndex::Send(Stream* stream, int rows, const uint32_t* offsets) {
  host_offsets_.assign(offsets, offsets + rows + 1);
  std::vector<uint32_t> row_of_token;
  for (int row = 0; row < rows; ++row) row_of_token.insert(row_of_token.end(), offsets[row + 1] - offsets[row], row);
  upload_.Start();
  const size_t at_offsets = upload_.Add(host_offsets_), at_vectors = upload_.Add(host_tokens_);
  const size_t at_rows = upload_.Add(row_of_token);
  const uint32_t* const device = upload_.Send(stream);
  offsets_ = device + at_offsets;
  vector_of_token_ = device + at_vectors;
  row_of_token_ = device + at_rows;
  grouped_ = false;
}

void SequenceIndex::MergeTokens(Stream* stream, int width, const float* by_token, float* by_vector) {
  if (own_vectors_) return stream->Copy(by_token, tokens() * width * sizeof(float), by_vector);
  if (!grouped_) groups_.Build(stream, distinct_, tokens(), nullptr, host_tokens_.data());
  grouped_ = true;
  groups_.Sum(stream, width, by_token, by_vector);
}

}  // namespace pumasi::cuda
