// A job's model on the CPU and on a device, over the same random part and tables.
#ifndef PUMASI_TESTS_CUDA_MODEL_ON_DEVICE_H_
#define PUMASI_TESTS_CUDA_MODEL_ON_DEVICE_H_

#include <google/protobuf/text_format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/model_plan.h"
#include "ops/cuda/model/device_model.h"
#include "ops/embedding.h"
#include "tests/ops/random_floats.h"
#include "worker/model/model.h"

namespace pumasi::cuda {

struct ModelOnDevice {
  v1::Job job;
  std::vector<v1::TableSpec> tables;
  std::unique_ptr<Model> cpu;
  std::unique_ptr<DeviceModel> device;  // null: there is none
  Part part;
  std::vector<std::vector<float>> values;  // by table; of the embedding the part's rows
  Parameters parameters;

  static constexpr int kVocabulary = 30, kClasses = 31;

  // Layers such as "lstm { units: 4 }" between an embedding and a softmax.
  static v1::Job JobOf(const std::vector<std::string>& layers, int width = 5) {
    v1::Job job;
    job.set_seed(5);
    job.add_model()->mutable_embedding()->set_width(width);
    for (const std::string& text : layers) {
      REQUIRE(google::protobuf::TextFormat::ParseFromString(text, job.add_model()));
    }
    job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
    return job;
  }

  ModelOnDevice(const v1::Job& job, int rows, uint64_t seed) : job(job) {
    v1::DataSummary data;
    data.set_vocabulary(kVocabulary);
    data.set_classes(kClasses);
    tables = *PlanTables(job, data);
    cpu = *Model::Create(job, tables);
    auto made = DeviceModel::Create(job, *PlanLayers(job, data), 0);
    if (made.ok()) device = *std::move(made);
    if (!made.ok()) std::printf("skipped, %s\n", std::string(made.status().message()).c_str());
    std::mt19937_64 random(seed);
    NewPart(rows, &random);
  }

  void NewPart(int rows, std::mt19937_64* random) {
    std::vector<uint64_t> ids;
    part = {};
    part.offsets = {0};
    for (int row = 0; row < rows; ++row) {
      for (size_t i = (*random)() % 8; i > 0; --i) ids.push_back((*random)() % kVocabulary);
      part.offsets.push_back(static_cast<uint32_t>(ids.size()));
      part.labels.push_back(static_cast<int32_t>((*random)() % kClasses));
    }
    MergeIds(ids.data(), ids.size(), &part.ids, &part.tokens);
    values.clear();
    for (const v1::TableSpec& table : tables) {
      const bool dense = table.kind() == v1::TableSpec::DENSE;
      values.push_back(RandomFloats((dense ? table.rows() : part.ids.size()) * table.columns(), 0.8f, random));
      if (table.name().find("variance") == std::string::npos) continue;
      for (float& value : values.back()) value = std::fabs(value) + 0.5f;
    }
    parameters = {};
    for (const auto& table : values) parameters.dense.push_back(table.data());
    parameters.dense[0] = nullptr;
    parameters.rows = values[0].data();
  }

  PartRows rows() const {
    return {static_cast<int>(part.rows()), part.offsets.data(), part.tokens.data(), static_cast<int>(part.ids.size()),
            parameters.rows};
  }

  void SetTables() { device->SetTables({parameters.dense.begin() + 1, parameters.dense.end()}); }

  // Memory of the right sizes, and what points there.
  PartGradientMemory MemoryFor(PartGradients* gradients) const {
    PartGradientMemory memory;
    gradients->dense.resize(values.size());
    for (size_t i = 1; i < values.size(); ++i) {
      gradients->dense[i].assign(values[i].size(), NAN);
      memory.tables.push_back(gradients->dense[i].data());
    }
    gradients->rows.assign(values[0].size(), NAN);
    memory.vectors = gradients->rows.data();
    return memory;
  }
};

}  // namespace pumasi::cuda

#endif  // PUMASI_TESTS_CUDA_MODEL_ON_DEVICE_H_
