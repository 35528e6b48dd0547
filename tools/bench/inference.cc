#include "tools/bench/inference.h"

#include <random>
#include <string>

#include "ops/lstm.h"

namespace pumasi {
namespace {

std::vector<float> Random(size_t count, float limit, std::mt19937* random) {
  std::uniform_real_distribution<float> uniform(-limit, limit);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(*random);
  return values;
}

}  // namespace

void BenchInference(const InferenceBatch& batch, int width, int units, int repetitions, Report* report) {
  std::mt19937 random(1);
  const auto kernel = Random(size_t(width) * 4 * units, 0.1f, &random);
  const auto recurrent = Random(size_t(units) * 4 * units, 0.1f, &random), bias = Random(4 * units, 0.1f, &random);
  const auto vectors = Random(size_t(batch.distinct) * width, 0.1f, &random);
  const RecurrentWeights weights = {kernel.data(), recurrent.data(), bias.data()};
  std::vector<uint32_t> offsets;
  for (int row = 0; row <= batch.rows; ++row) {
    offsets.push_back(static_cast<uint32_t>(row * (batch.tokens.size() / batch.rows)));
  }
  IndexedSequences input = {batch.rows, offsets.data(), batch.tokens.data(), batch.distinct, width, vectors.data()};

  Lstm plain(width, units), folded(width, units);
  std::vector<float> folded_vectors(batch.distinct * folded.folded_width()), out(size_t(batch.rows) * units);
  folded.Fold(weights, batch.distinct, vectors.data(), folded_vectors.data());
  folded.HoldRecurrent(weights);
  IndexedSequences folded_input = input;
  folded_input.width = static_cast<int>(folded.folded_width());
  folded_input.vectors = folded_vectors.data();
  const int times = 1 + 16 / batch.rows;
  const auto seconds = MedianSeconds({[&] {
                                        for (int i = 0; i < times; ++i) folded.InferFolded(folded_input, out.data());
                                      },
                                      [&] {
                                        for (int i = 0; i < times; ++i) plain.Infer(input, weights, out.data());
                                      }},
                                     repetitions);
  const double rows = double(batch.rows) * times;
  report->Add({"inference, folded, " + std::to_string(batch.rows) + " rows", Fixed(rows / seconds[0], 0) + " rows/s",
               Fixed(rows / seconds[1], 0) + " rows/s (not folded)", Fixed(seconds[1] / seconds[0], 2), "", ""});
}

}  // namespace pumasi
