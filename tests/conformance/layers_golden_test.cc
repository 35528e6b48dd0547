// Each layer and option against Keras 3 (layers_golden.py) and PyTorch (layers_torch_golden.py), forward and backward.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/ops/same_numbers.h"
#include "tests/worker_model/layer_run.h"

namespace pumasi {
namespace {

struct Golden {
  std::string name;
  v1::Layer layer;
  int width = 0;
  int rows = -1;  // of a layer over one vector a row
  std::vector<uint32_t> lengths;
  std::vector<double> input, output, seed, input_gradient;
  std::vector<double> inference;  // empty: the output
  struct Table {
    size_t rows = 0, columns = 0;
    std::vector<double> values, gradient;
  };
  std::vector<Table> tables;
};

template <typename T>
std::vector<T> Rest(std::istringstream* line) {
  std::vector<T> values;
  for (T value; *line >> value;) values.push_back(value);
  return values;
}

std::vector<Golden> ReadGolden(const std::string& name) {
  std::ifstream file("tests/conformance/" + name);
  std::vector<Golden> all;
  size_t gradients = 0;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string key;
    line >> key;
    if (key == "#") continue;
    if (key == "case") {
      line >> all.emplace_back().name;
      gradients = 0;
      continue;
    }
    Golden& golden = all.back();
    if (key == "layer") golden.layer = LayerOf(text.substr(6));
    if (key == "width") line >> golden.width;
    if (key == "rows") line >> golden.rows;
    if (key == "lengths") golden.lengths = Rest<uint32_t>(&line);
    if (key == "input") golden.input = Rest<double>(&line);
    if (key == "output") golden.output = Rest<double>(&line);
    if (key == "seed") golden.seed = Rest<double>(&line);
    if (key == "input_gradient") golden.input_gradient = Rest<double>(&line);
    if (key == "inference") golden.inference = Rest<double>(&line);
    if (key == "table") {
      Golden::Table& table = golden.tables.emplace_back();
      line >> table.rows >> table.columns;
      table.values = Rest<double>(&line);
    }
    if (key == "table_gradient") golden.tables.at(gradients++).gradient = Rest<double>(&line);
  }
  return all;
}

std::vector<float> Narrow(const std::vector<double>& values) { return {values.begin(), values.end()}; }

void CheckAll(const std::vector<Golden>& all) {
  constexpr double kTolerance = 3e-6;
  for (const Golden& golden : all) {
    CAPTURE(golden.name);
    const LayerInput input = golden.rows >= 0
                                 ? LayerInput::Matrix(golden.rows, golden.width, Narrow(golden.input))
                                 : LayerInput::Sequences(golden.lengths, golden.width, Narrow(golden.input));
    const LayerPlan plan = PlanOf(golden.layer, input);
    REQUIRE(plan.out.width > 0);
    REQUIRE(plan.tables.size() == golden.tables.size());
    std::vector<std::vector<float>> tables;
    for (size_t i = 0; i < plan.tables.size(); ++i) {
      CHECK(plan.tables[i].rows() == golden.tables[i].rows);
      CHECK(plan.tables[i].columns() == golden.tables[i].columns);
      tables.push_back(Narrow(golden.tables[i].values));
    }
    const std::unique_ptr<Layer> layer = MakeLayer(golden.layer, plan);
    const LayerResult result = RunLayer(layer.get(), input, tables, Narrow(golden.seed));
    CHECK(Difference(result.output, golden.output) < kTolerance);
    CHECK(Difference(result.input_gradient, golden.input_gradient) < kTolerance);
    for (size_t i = 0; i < tables.size(); ++i) {
      CAPTURE(plan.tables[i].name());
      CHECK(Difference(result.table_gradients[i], golden.tables[i].gradient) < kTolerance);
    }
    const std::vector<float> inferred = InferLayer(layer.get(), input, tables);
    if (golden.inference.empty()) {
      CHECK(inferred == result.output);
    } else {
      CHECK(Difference(inferred, golden.inference) < kTolerance);
    }
  }
}

TEST_CASE("Every layer and option agrees with Keras, forward and backward") {
  const std::vector<Golden> all = ReadGolden("layers_golden.txt");
  REQUIRE(all.size() == 53);
  CheckAll(all);
}

TEST_CASE("Normalisation agrees with PyTorch, forward and backward") {
  const std::vector<Golden> all = ReadGolden("layers_torch.txt");
  REQUIRE(all.size() == 4);
  CheckAll(all);
}

}  // namespace
}  // namespace pumasi
