// The GRU and, with all their options, both recurrent layers against their plain formulas.
#include "ops/cuda/gru.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "ops/cuda/lstm.h"
#include "ops/recurrent_reference.h"
#include "tests/cuda/differences.h"
#include "tests/cuda/on_device.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi::cuda {
namespace {

enum class Kind { kLstm, kGruAfter, kGruBefore };

struct Case {
  Kind kind;
  RecurrentOptions options;
  bool masked;
};

struct Problem {
  size_t width = 3, units = 5, distinct = 6;
  Case which;
  std::vector<uint32_t> offsets = {0}, tokens;
  std::vector<float> kernel, recurrent, bias, vectors, input_mask, state_mask, out_gradient;

  Problem(const Case& which, const std::vector<size_t>& lengths, std::mt19937_64* random) : which(which) {
    for (const size_t length : lengths) {
      for (size_t t = 0; t < length; ++t) tokens.push_back(static_cast<uint32_t>((*random)() % distinct));
      offsets.push_back(static_cast<uint32_t>(tokens.size()));
    }
    const size_t gates = which.kind == Kind::kLstm ? 4 : 3, biases = which.kind == Kind::kGruAfter ? 2 : 1;
    kernel = RandomFloats(width * gates * units, 0.7f, random);
    recurrent = RandomFloats(units * gates * units, 0.7f, random);
    bias = RandomFloats(biases * gates * units, 0.7f, random);
    vectors = RandomFloats(distinct * width, 1, random);
    if (which.masked) {
      input_mask = RandomFloats(lengths.size() * width, 2, random);
      state_mask = RandomFloats(lengths.size() * units, 2, random);
    }
    out_gradient = RandomFloats((which.options.return_sequences ? tokens.size() : lengths.size()) * units, 1, random);
  }

  size_t rows() const { return offsets.size() - 1; }

  // The output as the formulas give it, from tensors in double.
  std::vector<double> Plain(const std::vector<double>& k, const std::vector<double>& r, const std::vector<double>& b,
                            const std::vector<double>& x) const {
    std::vector<double> out(out_gradient.size());
    for (size_t row = 0; row < rows(); ++row) {
      reference::Vectors<double> in;
      for (uint32_t t = offsets[row]; t < offsets[row + 1]; ++t) {
        in.emplace_back(x.begin() + tokens[t] * width, x.begin() + (tokens[t] + 1) * width);
      }
      if (which.options.go_backwards) std::reverse(in.begin(), in.end());
      std::vector<double> input_factors(width, 1.0), state_factors(units, 1.0);
      if (which.masked) {
        input_factors.assign(input_mask.begin() + row * width, input_mask.begin() + (row + 1) * width);
        state_factors.assign(state_mask.begin() + row * units, state_mask.begin() + (row + 1) * units);
      }
      const reference::RecurrentTensors<double> w = {width, units, which.options.gate, k,
                                                     r,     b,     input_factors,      state_factors};
      reference::Vectors<double> states = which.kind == Kind::kLstm
                                              ? reference::LstmStates(w, in)
                                              : reference::GruStates(w, which.kind == Kind::kGruAfter, in);
      if (which.options.keep_places && which.options.return_sequences) std::reverse(states.begin(), states.end());
      if (!which.options.return_sequences) {
        if (!states.empty()) std::copy(states.back().begin(), states.back().end(), out.begin() + row * units);
        continue;
      }
      for (size_t t = 0; t < states.size(); ++t) {
        std::copy(states[t].begin(), states[t].end(), out.begin() + (offsets[row] + t) * units);
      }
    }
    return out;
  }
};

std::unique_ptr<Recurrent> Make(const Problem& p) {
  const int width = static_cast<int>(p.width), units = static_cast<int>(p.units);
  if (p.which.kind == Kind::kLstm) return std::make_unique<Lstm>(width, units, Precision::kFloat32, p.which.options);
  return std::make_unique<Gru>(width, units, p.which.kind == Kind::kGruAfter, Precision::kFloat32, p.which.options);
}

void CheckProblem(Stream* stream, const Problem& p) {
  DeviceArray<float> kernel(stream, p.kernel), recurrent(stream, p.recurrent), bias(stream, p.bias),
      vectors(stream, p.vectors), input_mask(stream, p.input_mask), state_mask(stream, p.state_mask),
      out(stream, p.out_gradient.size()), out_gradient(stream, p.out_gradient), by_kernel(stream, p.kernel.size()),
      by_recurrent(stream, p.recurrent.size()), by_bias(stream, p.bias.size()), by_vectors(stream, p.vectors.size());
  SequenceIndex index;
  index.Build(stream, static_cast<int>(p.rows()), p.offsets.data(), p.tokens.data(), static_cast<int>(p.distinct));
  const RecurrentWeights weights = {kernel.get(), recurrent.get(), bias.get()};
  RecurrentMasks masks;
  if (p.which.masked) masks = {input_mask.get(), state_mask.get()};
  const std::unique_ptr<Recurrent> layer = Make(p);
  layer->Forward(stream, index, vectors.get(), weights, out.get(), masks);
  layer->Backward(stream, index, vectors.get(), weights, out_gradient.get(),
                  {by_kernel.get(), by_recurrent.get(), by_bias.get(), by_vectors.get()}, masks);

  std::vector<double> k = Widen(p.kernel), r = Widen(p.recurrent), b = Widen(p.bias), x = Widen(p.vectors);
  CHECK(Difference(out.Read(), p.Plain(k, r, b, x)) < 1e-5);
  const auto loss = [&] {
    const std::vector<double> y = p.Plain(k, r, b, x);
    double sum = 0;
    for (size_t i = 0; i < y.size(); ++i) sum += y[i] * p.out_gradient[i];
    return sum;
  };
  CHECK(Difference(by_kernel.Read(), FiniteDifferences(&k, loss)) < 2e-5);
  CHECK(Difference(by_recurrent.Read(), FiniteDifferences(&r, loss)) < 2e-5);
  CHECK(Difference(by_bias.Read(), FiniteDifferences(&b, loss)) < 2e-5);
  CHECK(Difference(by_vectors.Read(), FiniteDifferences(&x, loss)) < 2e-5);
}

TEST_CASE("Recurrent layers equal their formulas with all options, forward and backward") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  int seed = 0;
  for (const Kind kind : {Kind::kLstm, Kind::kGruAfter, Kind::kGruBefore}) {
    for (const bool return_sequences : {false, true}) {
      for (const bool masked : {false, true}) {
        for (const bool backwards : {false, true}) {
          std::mt19937_64 random(++seed);
          const RecurrentOptions options = {
              .return_sequences = return_sequences, .go_backwards = backwards, .keep_places = backwards && masked};
          CAPTURE(seed, static_cast<int>(kind), return_sequences, masked, backwards);
          CheckProblem(stream.get(), Problem({kind, options, masked}, {3, 0, 5, 1, 3}, &random));
        }
      }
    }
  }
}

TEST_CASE("Hard gates equal their formulas, forward and backward") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const GateActivation gate : {GateActivation::kHardSigmoid, GateActivation::kHardSigmoidKeras2}) {
    for (const Kind kind : {Kind::kLstm, Kind::kGruAfter, Kind::kGruBefore}) {
      std::mt19937_64 random(3);
      CheckProblem(stream.get(), Problem({kind, {.gate = gate}, false}, {4, 2}, &random));
    }
  }
}

TEST_CASE("A batch of one row, and one of empty rows, are batches") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const Kind kind : {Kind::kLstm, Kind::kGruAfter, Kind::kGruBefore}) {
    std::mt19937_64 random(4);
    CheckProblem(stream.get(), Problem({kind, {}, false}, {1}, &random));
    CheckProblem(stream.get(), Problem({kind, {}, true}, {0, 0}, &random));
  }
}

}  // namespace
}  // namespace pumasi::cuda
