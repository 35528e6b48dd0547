// Values that a model computes with.
#ifndef PUMASI_WORKER_MODEL_PARAMETERS_H_
#define PUMASI_WORKER_MODEL_PARAMETERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pumasi {

// The caller's memory.
struct Parameters {
  // By table: the values of a DENSE table, rows × columns. nullptr for the ROWS table.
  std::vector<const float*> dense;
  // rows[part.ids.size() × columns]: the ROWS table's rows of the part's ids.
  const float* rows = nullptr;

  // For Model::Train: `dense` holds the numbers of the model's last call, which was a Train, too. What it has made of
  // them serves again.
  bool same_dense = false;

  // Instead of `rows`, for inference: rows that Model::Fold has made, of the part's ids and perhaps of more.
  struct Folded {
    const float* rows = nullptr;  // [count × folded width]
    size_t count = 0;
    const uint32_t* tokens = nullptr;  // instead of the part's tokens: which of the rows
  };
  Folded folded;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_PARAMETERS_H_
