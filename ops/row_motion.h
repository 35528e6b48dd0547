// What untouched rows do in most optimizers: decay, and move along a slot.
#ifndef PUMASI_OPS_ROW_MOTION_H_
#define PUMASI_OPS_ROW_MOTION_H_

namespace pumasi {

// values[i] *= factor, computed in double.
void ScaleRow(int count, double factor, float* values);

// out[i] = value[i] + factor·direction[i], computed in double. `out` may be `value`.
void MoveRow(int count, double factor, const float* value, const float* direction, float* out);

}  // namespace pumasi

#endif  // PUMASI_OPS_ROW_MOTION_H_
