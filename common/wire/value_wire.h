// The bytes of pushes, and of answers to pulls, to and from gRPC without a copy of their values. They are those of the
// plain messages (proto/parameter_server.proto): the other side need not know of this.
#ifndef PUMASI_COMMON_WIRE_VALUE_WIRE_H_
#define PUMASI_COMMON_WIRE_VALUE_WIRE_H_

#include "absl/status/status.h"
#include "common/wire/value_message.h"

namespace google::protobuf {
class MessageLite;
}

namespace grpc {
class ByteBuffer;
}

namespace pumasi {

// The buffer keeps the values alive for as long as gRPC needs them. Empty: the message would pass protobuf's 2 GiB.
grpc::ByteBuffer ToWire(OutgoingPush push);
grpc::ByteBuffer ToWire(OutgoingPull pull);

// Takes a message apart: `head` is all of it but the values, `values` are views of the buffer, which has to stay as
// long as they are used. InvalidArgument: the bytes are no such message.
absl::Status FromWire(const grpc::ByteBuffer& bytes, v1::PushRequest* head, ArrivedValues* values);
absl::Status FromWire(const grpc::ByteBuffer& bytes, v1::PullResponse* head, ArrivedValues* values);

// Other messages.
grpc::ByteBuffer MessageBytes(const google::protobuf::MessageLite& message);
// False: the bytes are no such message.
bool ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message);

}  // namespace pumasi

#endif  // PUMASI_COMMON_WIRE_VALUE_WIRE_H_
