// The tables of a layer, and what they are first filled with.
#ifndef PUMASI_COMMON_MODEL_PLAN_TABLE_H_
#define PUMASI_COMMON_MODEL_PLAN_TABLE_H_

#include <cstdint>
#include <string>

#include "common/model_plan_layer.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

v1::Initializer InitializerOf(v1::Initializer::Kind kind);

// What Keras fills a tensor of rows x columns with; `fallback` where no kind is given. The variance scaling kinds count
// rows as inputs and columns as outputs: uniform in ±sqrt(3·v), or truncated normal with a standard deviation of
// sqrt(v) / 0.87962566103423978, where v is 1 / inputs (lecun), 2 / inputs (he), 2 / (inputs + outputs) (glorot).
// `reach`: of a convolution, the steps that a filter sees; as Keras, each counts as an output for every filter.
v1::Initializer WeightInitializer(v1::InitializerKind kind, v1::InitializerKind fallback, uint64_t rows,
                                  uint32_t columns, uint32_t reach = 1);

// Adds a DENSE table, "LAYER/TENSOR"; its seed is drawn from the job's and its name. Returns it.
v1::TableSpec* AddTensor(const LayerSurroundings& around, const std::string& tensor, uint64_t rows, uint32_t columns,
                         const v1::Initializer& initializer, LayerPlan* plan);

// Adds the ROWS table of an embedding, which has the layer's name.
void AddRows(const LayerSurroundings& around, uint64_t rows, uint32_t columns, const v1::Initializer& initializer,
             LayerPlan* plan);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_TABLE_H_
