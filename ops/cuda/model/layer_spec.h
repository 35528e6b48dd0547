// A layer of a model in plain numbers, so that a program without the job's messages can make one, too.
#ifndef PUMASI_OPS_CUDA_MODEL_LAYER_SPEC_H_
#define PUMASI_OPS_CUDA_MODEL_LAYER_SPEC_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "ops/activation.h"
#include "ops/cuda/model/layer.h"
#include "ops/precision.h"
#include "ops/recurrent.h"

namespace pumasi::cuda {

// How the two directions of a recurrent layer are put together.
enum class Join { kOneDirection, kConcat, kSum, kMul, kAve };

struct LayerSpec {
  enum class Kind {
    kLstm,
    kGru,
    kDense,
    kDropout,
    kConv1d,
    kMaxPooling,
    kAveragePooling,
    kAttention,
    kLayerNormalization,
    kBatchNormalization,
    kFlatten,
    kConcatenate,
  };

  Kind kind = Kind::kDense;
  int width = 0;        // of the input's vectors
  int units = 0;        // of the output's, of one direction; attention: rows of W
  uint32_t number = 0;  // from which it draws what it drops

  Activation activation = Activation::kLinear;  // dense, conv1d
  RecurrentOptions recurrent;                   // of the first direction
  Join join = Join::kOneDirection;
  bool reset_after = true;                       // gru
  double input_rate = 0;                         // recurrent: dropout of the inputs
  double state_rate = 0;                         // recurrent: dropout of the state
  double rate = 0;                               // dropout
  bool whole_columns = false;                    // dropout: all tokens of a row lose the same columns
  int kernel_size = 1;                           // conv1d
  bool same = false;                             // conv1d
  float epsilon = 0;                             // normalisations
  int steps = 0;                                 // flatten
  std::vector<std::vector<LayerSpec>> branches;  // concatenate

  // Floats in each of its tables, in the order of its plan.
  std::vector<size_t> TableSizes() const;
};

std::unique_ptr<Layer> MakeLayer(const LayerSpec& spec, Precision precision);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_LAYER_SPEC_H_
