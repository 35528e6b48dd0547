// parameters_sha256: one number for all that was trained, the same for every layout.
#ifndef PUMASI_COMMON_CHECKPOINT_PARAMETERS_HASH_H_
#define PUMASI_COMMON_CHECKPOINT_PARAMETERS_HASH_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/row_values.h"

namespace pumasi {

// SHA-256, in lower-case hex, over the values of all tables by name (bytewise order), each table's rows by id, each
// row's columns in order, as float32 little-endian. Rows that are not stored count with their initial value, rows that
// missed steps as caught up to the checkpoint's version.
absl::StatusOr<std::string> ParametersSha256(const ModelFolder& model, const RowValues& values);

}  // namespace pumasi

#endif  // PUMASI_COMMON_CHECKPOINT_PARAMETERS_HASH_H_
