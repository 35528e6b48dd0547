#include "worker/model/concatenate_layer.h"

#include <algorithm>
#include <utility>

#include "ops/elementwise.h"

namespace pumasi {
namespace {

// Which of a signal's vectors stands at a token, or row.
size_t VectorAt(const Signal& signal, size_t token) { return signal.sequence ? signal.data.tokens[token] : token; }

}  // namespace

void ConcatenateLayer::Add(std::unique_ptr<Chain> branch, size_t tables) {
  branches_.push_back({std::move(branch), tables_, {}});
  tables_ += tables;
}

Signal ConcatenateLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  width_ = 0;
  for (Branch& branch : branches_) {
    branch.out = branch.chain->Forward(in, tables + branch.first_table, training);
    width_ += branch.out.data.width;
  }
  const Signal& first = branches_[0].out;
  float* const out = output_.Reserve(first.tokens() * width_);
  size_t column = 0;
  for (const Branch& branch : branches_) {
    const size_t width = branch.out.data.width;
    for (size_t token = 0; token < first.tokens(); ++token) {
      std::copy_n(branch.out.data.vectors + VectorAt(branch.out, token) * width, width, out + token * width_ + column);
    }
    column += width;
  }
  const int width = static_cast<int>(width_);
  if (first.sequence) return index_.Sequence(first.data.rows, first.data.offsets, width, out);
  return OneVectorARow(first.data.rows, width, out);
}

void ConcatenateLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient,
                                float* const* gradients, float* in_gradient) {
  const size_t in_count = static_cast<size_t>(in.data.distinct) * in.data.width;
  size_t column = 0;
  for (size_t i = 0; i < branches_.size(); ++i) {
    const Branch& branch = branches_[i];
    const size_t width = branch.out.data.width, count = branch.out.data.distinct * width;
    float* const by_branch = by_branch_.Reserve(count);
    std::fill_n(by_branch, count, 0.0f);
    for (size_t token = 0; token < branch.out.tokens(); ++token) {
      AddTo(width, out_gradient + token * width_ + column, by_branch + VectorAt(branch.out, token) * width);
    }
    column += width;
    float* const by_input = i == 0 ? in_gradient : in_part_.Reserve(in_count);
    branch.chain->Backward(in, tables + branch.first_table, by_branch, gradients + branch.first_table, by_input);
    if (i > 0) AddTo(in_count, by_input, in_gradient);
  }
}

}  // namespace pumasi
