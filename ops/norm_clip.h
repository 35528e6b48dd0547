// Clipping of a batch's gradient by its Euclidean norm: each table's own (Keras' clipnorm), or that of all tables
// together (Keras' global_clipnorm, PyTorch's clip_grad_norm_ without its 1e-6).
#ifndef PUMASI_OPS_NORM_CLIP_H_
#define PUMASI_OPS_NORM_CLIP_H_

#include <vector>

#include "proto/job.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// Whether the optimizer needs norms at all.
bool ClipsByNorm(const v1::Optimizer& optimizer);

// By table: what its gradient is multiplied by, limit / norm where the norm is greater than the limit, otherwise 1.
// `squares`: the norms, squared. Tables that no optimizer updates (TableSpec.update) have factor 1 and are in no norm.
// REQUIRES: ClipsByNorm, one square a table.
std::vector<float> ClipFactors(const v1::Optimizer& optimizer, const std::vector<v1::TableSpec>& tables,
                               const std::vector<double>& squares);

}  // namespace pumasi

#endif  // PUMASI_OPS_NORM_CLIP_H_
