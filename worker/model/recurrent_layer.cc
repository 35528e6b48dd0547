#include "worker/model/recurrent_layer.h"

#include <algorithm>

#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/gru.h"
#include "ops/job_kinds.h"
#include "ops/lstm.h"

namespace pumasi {
namespace {

std::unique_ptr<Recurrent> MakeWalk(const v1::Lstm& spec, int width, const RecurrentOptions& options) {
  return std::make_unique<Lstm>(width, static_cast<int>(spec.units()), options);
}

std::unique_ptr<Recurrent> MakeWalk(const v1::Gru& spec, int width, const RecurrentOptions& options) {
  const bool reset_after = !spec.has_reset_after() || spec.reset_after();
  return std::make_unique<Gru>(width, static_cast<int>(spec.units()), reset_after, options);
}

}  // namespace

template <typename Spec>
RecurrentLayer::RecurrentLayer(const Spec& spec, int width, uint32_t number, Precision precision, bool)
    : width_(width),
      units_(static_cast<int>(spec.units())),
      number_(number),
      return_sequences_(spec.return_sequences()),
      join_(spec.bidirectional()),
      input_rate_(spec.dropout()),
      state_rate_(spec.recurrent_dropout()) {
  RecurrentOptions options = {.return_sequences = spec.return_sequences(),
                              .go_backwards = spec.go_backwards(),
                              .gate = GateOf(spec.recurrent_activation()),
                              .precision = precision};
  forward_.walk = MakeWalk(spec, width, options);
  if (join_ <= v1::BIDIRECTIONAL_NONE) return;
  options.go_backwards = true;
  options.keep_places = true;
  backward_.walk = MakeWalk(spec, width, options);
}

RecurrentLayer::RecurrentLayer(const v1::Lstm& spec, int width, uint32_t number, Precision precision)
    : RecurrentLayer(spec, width, number, precision, true) {
  if (!both()) lstm_ = static_cast<Lstm*>(forward_.walk.get());
}

RecurrentLayer::RecurrentLayer(const v1::Gru& spec, int width, uint32_t number, Precision precision)
    : RecurrentLayer(spec, width, number, precision, true) {}

void RecurrentLayer::DrawMasks(int rows, uint64_t stream, DropoutUse input, DropoutUse state, Direction* direction) {
  direction->masks = {};
  const auto draw = [&](DropoutUse use, double rate, size_t width, Buffer<float>* factors) -> const float* {
    if (rate == 0) return nullptr;
    float* const out = factors->Reserve(rows * width);
    for (int row = 0; row < rows; ++row) {
      DropoutFactors(stream, {static_cast<uint32_t>(row), 0, use}, rate, width, out + row * width);
    }
    return out;
  };
  direction->masks.input = draw(input, input_rate_, width_, &direction->input_factors);
  direction->masks.state = draw(state, state_rate_, units_, &direction->state_factors);
}

void RecurrentLayer::Walk(const Signal& in, const float* const* tables, const Training* training, float* out,
                          Direction* direction) {
  const RecurrentWeights weights = {tables[0], tables[1], tables[2], training != nullptr && training->same_tables};
  if (training != nullptr) {
    direction->walk->Forward(in.data, weights, out, direction->masks);
  } else {
    direction->walk->Infer(in.data, weights, out);
  }
}

void RecurrentLayer::Join(size_t vectors, float* out) const {
  const size_t units = units_, count = vectors * units;
  const float *const a = forward_.output.get(), *const b = backward_.output.get();
  if (join_ == v1::BIDIRECTIONAL_CONCAT) {
    for (size_t i = 0; i < vectors; ++i) {
      std::copy_n(a + i * units, units, out + 2 * i * units);
      std::copy_n(b + i * units, units, out + (2 * i + 1) * units);
    }
    return;
  }
  if (join_ == v1::BIDIRECTIONAL_MUL) return Multiply(count, a, b, out);
  std::copy_n(a, count, out);
  AddTo(count, b, out);
  if (join_ == v1::BIDIRECTIONAL_AVE) Scale(count, 0.5f, out, out);
}

void RecurrentLayer::Part(size_t vectors, const float* out_gradient) {
  const size_t units = units_, count = vectors * units;
  float *const a = forward_.output.get(), *const b = backward_.output.get();
  switch (join_) {
    case v1::BIDIRECTIONAL_CONCAT:
      for (size_t i = 0; i < vectors; ++i) {
        std::copy_n(out_gradient + 2 * i * units, units, a + i * units);
        std::copy_n(out_gradient + (2 * i + 1) * units, units, b + i * units);
      }
      return;
    case v1::BIDIRECTIONAL_MUL:
      std::swap_ranges(a, a + count, b);
      MultiplyBy(count, out_gradient, a);
      MultiplyBy(count, out_gradient, b);
      return;
    default: {
      const float factor = join_ == v1::BIDIRECTIONAL_AVE ? 0.5f : 1.0f;
      Scale(count, factor, out_gradient, a);
      Scale(count, factor, out_gradient, b);
    }
  }
}

Signal RecurrentLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  const int rows = in.data.rows;
  const size_t vectors = return_sequences_ ? in.tokens() : rows;
  const int width = join_ == v1::BIDIRECTIONAL_CONCAT ? 2 * units_ : units_;
  if (training != nullptr) {
    const uint64_t stream = DropoutStream(training->dropout, number_);
    DrawMasks(rows, stream, DropoutUse::kInput, DropoutUse::kState, &forward_);
    if (both()) DrawMasks(rows, stream, DropoutUse::kBackwardInput, DropoutUse::kBackwardState, &backward_);
  }
  float* const out = output_.Reserve(vectors * width);
  if (both()) {
    Walk(in, tables, training, forward_.output.Reserve(vectors * units_), &forward_);
    Walk(in, tables + 3, training, backward_.output.Reserve(vectors * units_), &backward_);
    Join(vectors, out);
  } else {
    Walk(in, tables, training, out, &forward_);
  }
  if (return_sequences_) return index_.Sequence(rows, in.data.offsets, width, out);
  return OneVectorARow(rows, width, out);
}

size_t RecurrentLayer::folded_width() const { return lstm_ == nullptr ? 0 : lstm_->folded_width(); }

void RecurrentLayer::Fold(const float* const* tables, size_t count, const float* vectors, float* folded) {
  lstm_->Fold({tables[0], tables[1], tables[2]}, count, vectors, folded);
}

Signal RecurrentLayer::ForwardFolded(const Signal& folded, const float* const* tables) {
  const int rows = folded.data.rows;
  float* const out = output_.Reserve((return_sequences_ ? folded.tokens() : rows) * units_);
  lstm_->HoldRecurrent({tables[0], tables[1], tables[2]});
  lstm_->InferFolded(folded.data, out);
  if (return_sequences_) return index_.Sequence(rows, folded.data.offsets, units_, out);
  return OneVectorARow(rows, units_, out);
}

void RecurrentLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient,
                              float* const* gradients, float* in_gradient) {
  const size_t vectors = return_sequences_ ? in.tokens() : in.data.rows;
  const float* by_forward = out_gradient;
  if (both()) {
    Part(vectors, out_gradient);
    by_forward = forward_.output.get();
  }
  forward_.walk->Backward(in.data, {tables[0], tables[1], tables[2]}, by_forward,
                          {gradients[0], gradients[1], gradients[2], in_gradient}, forward_.masks);
  if (!both()) return;
  const size_t count = static_cast<size_t>(in.data.distinct) * width_;
  float* const second = second_gradient_.Reserve(count);
  backward_.walk->Backward(in.data, {tables[3], tables[4], tables[5]}, backward_.output.get(),
                           {gradients[3], gradients[4], gradients[5], second}, backward_.masks);
  AddTo(count, second, in_gradient);
}

}  // namespace pumasi
