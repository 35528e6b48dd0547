// Pushes, and answers to pulls, whose values lie beside them: nearly all of their bytes, which are to be copied as
// seldom as can be. On the wire they are the plain messages (common/wire/value_wire.h). What the bytes mean, float32 or
// bfloat16, is none of this folder's business (ops/wire/value_codec.h).
#ifndef PUMASI_COMMON_WIRE_VALUE_MESSAGE_H_
#define PUMASI_COMMON_WIRE_VALUE_MESSAGE_H_

#include <vector>

#include "common/wire/byte_block.h"
#include "common/wire/byte_view.h"
#include "proto/parameter_server.pb.h"

namespace pumasi {

// To be sent. Message: v1::PushRequest or v1::PullResponse.
template <typename Message>
struct Outgoing {
  Message head;  // all of it, but for the `values` of its RowValues and DenseChunks
  // Those, in the same order.
  std::vector<ByteBlock> rows;
  std::vector<ByteBlock> dense;
};
using OutgoingPush = Outgoing<v1::PushRequest>;
using OutgoingPull = Outgoing<v1::PullResponse>;

// The plain message.
v1::PushRequest ToMessage(const OutgoingPush& push);
v1::PullResponse ToMessage(const OutgoingPull& pull);

// The `values` of the RowValues and DenseChunks of a message that has arrived, in its order.
struct ArrivedValues {
  std::vector<ByteView> rows;
  std::vector<ByteView> dense;
};
// Of a message that has them inside; views of it.
ArrivedValues ValuesOf(const v1::PushRequest& push);
ArrivedValues ValuesOf(const v1::PullResponse& pull);

}  // namespace pumasi

#endif  // PUMASI_COMMON_WIRE_VALUE_MESSAGE_H_
