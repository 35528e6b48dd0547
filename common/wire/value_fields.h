// Where a push and an answer to a pull have their blocks of values.
#ifndef PUMASI_COMMON_WIRE_VALUE_FIELDS_H_
#define PUMASI_COMMON_WIRE_VALUE_FIELDS_H_

#include "proto/parameter_server.pb.h"

namespace pumasi {

using RowBlocks = google::protobuf::RepeatedPtrField<v1::RowValues>;

inline const RowBlocks& RowsOf(const v1::PushRequest& push) { return push.values(); }
inline const RowBlocks& RowsOf(const v1::PullResponse& pull) { return pull.rows(); }
inline RowBlocks* MutableRowsOf(v1::PushRequest& push) { return push.mutable_values(); }
inline RowBlocks* MutableRowsOf(v1::PullResponse& pull) { return pull.mutable_rows(); }

}  // namespace pumasi

#endif  // PUMASI_COMMON_WIRE_VALUE_FIELDS_H_
