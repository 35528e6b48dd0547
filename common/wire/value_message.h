// Pushes, and answers to pulls, whose floats lie beside them: nearly all of their bytes, which are to be copied as
// seldom as can be. On the wire they are the plain messages (common/wire/value_wire.h).
#ifndef PUMASI_COMMON_WIRE_VALUE_MESSAGE_H_
#define PUMASI_COMMON_WIRE_VALUE_MESSAGE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "common/wire/byte_view.h"
#include "proto/parameter_server.pb.h"

namespace pumasi {

// Floats that do not change any more, and what keeps them alive.
struct FloatBlock {
  std::shared_ptr<const float[]> values;
  size_t floats = 0;

  std::string_view bytes() const { return {reinterpret_cast<const char*>(values.get()), floats * sizeof(float)}; }
};

// To be sent. Message: v1::PushRequest or v1::PullResponse.
template <typename Message>
struct Outgoing {
  Message head;  // all of it, but for the `values` of its RowValues and DenseChunks
  // Those, in the same order.
  std::vector<FloatBlock> rows;
  std::vector<FloatBlock> dense;
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
