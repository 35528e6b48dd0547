// A model folder small enough to compute with by hand: the mean of a row's embeddings, then one dense layer.
#ifndef PUMASI_TESTS_CLI_TINY_MODEL_H_
#define PUMASI_TESTS_CLI_TINY_MODEL_H_

#include <cmath>
#include <cstdint>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/shard_writer.h"
#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "common/message_json.h"
#include "common/model_plan.h"
#include "tests/checkpoint/failing_files.h"

namespace pumasi {

struct TinyModel {
  static constexpr uint32_t kWidth = 3;

  v1::Job job;
  v1::DataSummary data;
  std::vector<v1::TableSpec> tables;       // embedding, dense/kernel, dense/bias
  std::vector<std::vector<float>> values;  // by table

  // Parameters are drawn from `seed`.
  TinyModel(const v1::Job& the_job, const v1::DataSummary& the_data, uint64_t seed) : job(the_job), data(the_data) {
    tables = *PlanTables(job, data);
    std::mt19937_64 random(seed);
    for (const v1::TableSpec& table : tables) {
      std::vector<float>& list = values.emplace_back(table.rows() * table.columns());
      for (float& value : list) value = float(int(random() % 2001) - 1000) / 500;
    }
  }

  static void AddLayers(v1::Job* job, bool mask_zero) {
    v1::Embedding* embedding = job->add_model()->mutable_embedding();
    embedding->set_width(kWidth);
    embedding->set_mask_zero(mask_zero);
    embedding->set_initializer(v1::INITIALIZER_KIND_UNIFORM);
    job->add_model()->mutable_global_average_pooling1d();
    v1::Dense* dense = job->add_model()->mutable_dense();
    dense->set_kernel_initializer(v1::INITIALIZER_KIND_GLOROT_UNIFORM);
    dense->set_activation(job->loss() == v1::LOSS_MSE                    ? v1::ACTIVATION_LINEAR
                          : job->loss() == v1::LOSS_BINARY_CROSS_ENTROPY ? v1::ACTIVATION_SIGMOID
                                                                         : v1::ACTIVATION_SOFTMAX);
    job->mutable_optimizer()->mutable_sgd()->set_learning_rate(0.01);
  }

  // What the dense layer gives for a row, in double precision, before its activation.
  std::vector<double> Outputs(const std::vector<uint32_t>& ids) const {
    std::vector<double> mean(kWidth);
    size_t tokens = 0;
    for (const uint32_t id : ids) {
      if (id == 0 && job.model(0).embedding().mask_zero()) continue;
      ++tokens;
      for (uint32_t i = 0; i < kWidth; ++i) mean[i] += values[0][id * kWidth + i];
    }
    std::vector<double> outputs(values[2].begin(), values[2].end());
    for (uint32_t i = 0; i < kWidth; ++i) {
      for (size_t j = 0; j < outputs.size(); ++j) {
        outputs[j] += tokens == 0 ? 0 : mean[i] / double(tokens) * values[1][i * outputs.size() + j];
      }
    }
    return outputs;
  }

  // Writes the folder, with the assets, which have to be in `from`. Throws where it can't.
  void Write(const std::string& folder, const std::string& from, const std::vector<std::string>& assets) const {
    FailingFiles disk;
    Check(disk.MakeFolder(folder));
    v1::Manifest manifest;
    manifest.set_format(kCheckpointFormat);
    manifest.set_job_id("tiny-1");
    *manifest.mutable_job() = job;
    *manifest.mutable_data() = data;
    *manifest.mutable_tables() = {tables.begin(), tables.end()};
    manifest.mutable_progress()->set_version(1);
    manifest.set_slots(1);
    auto writer = ShardWriter::Create(disk, folder + "/shard");
    Check(writer.status());
    for (uint32_t table = 0; table < tables.size(); ++table) {
      Check((*writer)->BeginSection(table, 0));
      const uint32_t columns = tables[table].columns();
      if (tables[table].kind() == v1::TableSpec::ROWS) {
        for (uint64_t id = 0; id < tables[table].rows(); ++id) {
          Check((*writer)->AddRow(id, 1, values[table].data() + id * columns, columns));
        }
      } else {
        const auto floats = static_cast<uint32_t>(values[table].size());
        Check((*writer)->AddDense(0, values[table].data(), floats, floats));
      }
    }
    const auto info = (*writer)->Finish(manifest.progress());
    Check(info.status());
    AddFile("shard", info->size, info->crc32c, manifest.add_shards());
    for (const std::string& asset : assets) {
      std::ifstream file(from + "/" + asset, std::ios::binary);
      const std::string contents{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      disk.Put(folder + "/" + asset, contents);
      AddFile(asset, contents.size(), Crc32c(contents), manifest.add_assets());
    }
    disk.Put(folder + "/" + kManifestName, MessageToJson(manifest));
  }

 private:
  static void Check(const absl::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }
  static void AddFile(const std::string& name, uint64_t size, uint32_t crc, v1::Manifest::File* file) {
    file->set_name(name);
    file->set_size(size);
    file->set_crc32c(crc);
  }
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_CLI_TINY_MODEL_H_
