#include "ops/cuda/model/concatenate_layer.h"

#include "ops/cuda/elementwise.h"
#include "ops/cuda/embedding.h"

namespace pumasi::cuda {

ConcatenateLayer::ConcatenateLayer(const LayerSpec& spec, Precision precision) {
  size_t tables = 0;
  for (const std::vector<LayerSpec>& branch : spec.branches) {
    auto chain = std::make_unique<Chain>(branch, precision);
    const size_t own = chain->first_table(chain->layers());
    branches_.push_back({std::move(chain), tables, {}});
    tables += own;
  }
}

Signal ConcatenateLayer::Forward(Stream* stream, const Signal& in, const float* const* tables,
                                 const Training* training) {
  width_ = 0;
  for (Branch& branch : branches_) {
    branch.out = branch.chain->Forward(stream, in, tables + branch.first_table, training);
    width_ += branch.out.width;
  }
  const Signal& first = branches_[0].out;
  const size_t tokens = first.tokens();
  float* const out = output_.Reserve(stream, tokens * width_);
  int column = 0;
  for (const Branch& branch : branches_) {
    const int width = branch.out.width;
    const float* one_by_one = branch.out.vectors;
    if (branch.out.index != nullptr && !branch.out.index->own_vectors()) {
      float* const gathered = by_token_.Reserve(stream, tokens * width);
      GatherRows(stream, width, branch.out.vectors, branch.out.index->vector_of_token(), tokens, gathered);
      one_by_one = gathered;
    }
    CopyColumns(stream, tokens, width, one_by_one, width, out + column, width_);
    column += width;
  }
  if (first.index == nullptr) return Signal::OneVectorARow(first.rows, width_, out);
  index_.BuildOwnVectors(stream, first.rows, first.index->host_offsets().data());
  return Signal::Sequence(&index_, width_, out);
}

void ConcatenateLayer::Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                                float* const* gradients, float* in_gradient) {
  int column = 0;
  for (size_t i = 0; i < branches_.size(); ++i) {
    const Branch& branch = branches_[i];
    const int width = branch.out.width;
    const size_t tokens = branch.out.tokens();
    float* by_branch = by_token_.Reserve(stream, tokens * width);
    CopyColumns(stream, tokens, width, out_gradient + column, width_, by_branch, width);
    if (branch.out.index != nullptr && !branch.out.index->own_vectors()) {
      float* const merged = by_branch_.Reserve(stream, branch.out.count());
      branch.out.index->MergeTokens(stream, width, by_branch, merged);
      by_branch = merged;
    }
    column += width;
    float* const by_input = i == 0 ? in_gradient : in_part_.Reserve(stream, in.count());
    branch.chain->Backward(stream, in, tables + branch.first_table, by_branch, gradients + branch.first_table,
                           by_input);
    if (i > 0) AddTo(stream, in.count(), by_input, in_gradient);
  }
}

}  // namespace pumasi::cuda
