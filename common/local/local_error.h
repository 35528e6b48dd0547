// A call's failure on its way through shared memory.
#ifndef PUMASI_COMMON_LOCAL_LOCAL_ERROR_H_
#define PUMASI_COMMON_LOCAL_LOCAL_ERROR_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstdint>

#include "common/local/message_ring.h"

namespace pumasi {

// The status' code and the lengths go to the entry, its message and details to the answer: the payload.
grpc::ByteBuffer ErrorPayload(const grpc::Status& status, LocalEntry* entry);

// What it was. An entry whose numbers can't be is Internal.
grpc::Status ErrorOf(const LocalEntry& entry, const grpc::ByteBuffer& payload);

grpc::Status TooLarge(uint64_t size, uint64_t most);

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOCAL_LOCAL_ERROR_H_
