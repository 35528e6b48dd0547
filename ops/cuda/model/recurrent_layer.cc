#include "ops/cuda/model/recurrent_layer.h"

#include <utility>

#include "ops/cuda/dropout.h"
#include "ops/cuda/elementwise.h"
#include "ops/cuda/gru.h"
#include "ops/cuda/lstm.h"

namespace pumasi::cuda {
namespace {

std::unique_ptr<Recurrent> MakeWalk(const LayerSpec& spec, const RecurrentOptions& options, Precision precision) {
  if (spec.kind == LayerSpec::Kind::kLstm) return std::make_unique<Lstm>(spec.width, spec.units, precision, options);
  return std::make_unique<Gru>(spec.width, spec.units, spec.reset_after, precision, options);
}

}  // namespace

RecurrentLayer::RecurrentLayer(const LayerSpec& spec, Precision precision) : spec_(spec) {
  RecurrentOptions options = spec.recurrent;
  forward_.walk = MakeWalk(spec, options, precision);
  if (spec.join == Join::kOneDirection) return;
  options.go_backwards = true;
  options.keep_places = true;
  backward_.walk = MakeWalk(spec, options, precision);
}

void RecurrentLayer::DrawMasks(Stream* stream, int rows, const Training* training, DropoutUse input, DropoutUse state,
                               Direction* direction) {
  direction->masks = {};
  if (training == nullptr) return;
  const uint64_t draws = DropoutStream(training->dropout, spec_.number);
  const auto draw = [&](DropoutUse use, double rate, int width, DeviceBuffer<float>* factors) -> const float* {
    if (rate == 0) return nullptr;
    float* const out = factors->Reserve(stream, static_cast<size_t>(rows) * width);
    DropoutRows(stream, draws, use, rate, rows, width, out);
    return out;
  };
  direction->masks.input = draw(input, spec_.input_rate, spec_.width, &direction->input_factors);
  direction->masks.state = draw(state, spec_.state_rate, spec_.units, &direction->state_factors);
}

void RecurrentLayer::JoinOutputs(Stream* stream, size_t vectors, float* out) const {
  const int units = spec_.units;
  const size_t count = vectors * units;
  const float *const a = forward_.output.get(), *const b = backward_.output.get();
  if (spec_.join == Join::kConcat) {
    CopyColumns(stream, vectors, units, a, units, out, 2 * units);
    CopyColumns(stream, vectors, units, b, units, out + units, 2 * units);
    return;
  }
  if (spec_.join == Join::kMul) return Multiply(stream, count, a, b, out);
  stream->Copy(a, count * sizeof(float), out);
  AddTo(stream, count, b, out);
  if (spec_.join == Join::kAve) Scale(stream, count, 0.5f, out, out);
}

void RecurrentLayer::PartGradient(Stream* stream, size_t vectors, const float* out_gradient) {
  const int units = spec_.units;
  const size_t count = vectors * units;
  float *const a = forward_.output.get(), *const b = backward_.output.get();
  switch (spec_.join) {
    case Join::kConcat:
      CopyColumns(stream, vectors, units, out_gradient, 2 * units, a, units);
      CopyColumns(stream, vectors, units, out_gradient + units, 2 * units, b, units);
      return;
    case Join::kMul:
      // a and b change places through the third buffer.
      stream->Copy(a, count * sizeof(float), output_.get());
      Multiply(stream, count, out_gradient, b, a);
      Multiply(stream, count, out_gradient, output_.get(), b);
      return;
    default: {
      const float factor = spec_.join == Join::kAve ? 0.5f : 1.0f;
      Scale(stream, count, factor, out_gradient, a);
      Scale(stream, count, factor, out_gradient, b);
    }
  }
}

Signal RecurrentLayer::Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) {
  const bool sequences = spec_.recurrent.return_sequences;
  const size_t vectors = sequences ? in.tokens() : in.rows, count = vectors * spec_.units;
  const int width = spec_.join == Join::kConcat ? 2 * spec_.units : spec_.units;
  DrawMasks(stream, in.rows, training, DropoutUse::kInput, DropoutUse::kState, &forward_);
  float* const out = output_.Reserve(stream, vectors * width);
  if (both()) {
    DrawMasks(stream, in.rows, training, DropoutUse::kBackwardInput, DropoutUse::kBackwardState, &backward_);
    forward_.walk->Forward(stream, *in.index, in.vectors, {tables[0], tables[1], tables[2]},
                           forward_.output.Reserve(stream, count), forward_.masks);
    backward_.walk->Forward(stream, *in.index, in.vectors, {tables[3], tables[4], tables[5]},
                            backward_.output.Reserve(stream, count), backward_.masks);
    JoinOutputs(stream, vectors, out);
  } else {
    forward_.walk->Forward(stream, *in.index, in.vectors, {tables[0], tables[1], tables[2]}, out, forward_.masks);
  }
  if (!sequences) return Signal::OneVectorARow(in.rows, width, out);
  index_.BuildOwnVectors(stream, in.rows, in.index->host_offsets().data());
  return Signal::Sequence(&index_, width, out);
}

void RecurrentLayer::Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                              float* const* gradients, float* in_gradient) {
  const size_t vectors = spec_.recurrent.return_sequences ? in.tokens() : in.rows;
  const float* by_forward = out_gradient;
  if (both()) {
    PartGradient(stream, vectors, out_gradient);
    by_forward = forward_.output.get();
  }
  forward_.walk->Backward(stream, *in.index, in.vectors, {tables[0], tables[1], tables[2]}, by_forward,
                          {gradients[0], gradients[1], gradients[2], in_gradient}, forward_.masks);
  if (!both()) return;
  float* const second = second_gradient_.Reserve(stream, in.count());
  backward_.walk->Backward(stream, *in.index, in.vectors, {tables[3], tables[4], tables[5]}, backward_.output.get(),
                           {gradients[3], gradients[4], gradients[5], second}, backward_.masks);
  AddTo(stream, in.count(), second, in_gradient);
}

}  // namespace pumasi::cuda
