// A worker's call, whichever way it came: over gRPC, or through shared memory.
#ifndef PUMASI_SERVER_INCOMING_CALL_H_
#define PUMASI_SERVER_INCOMING_CALL_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>

#include "common/rpc/parking.h"

namespace pumasi {

// For one thread at a time.
class IncomingCall {
 public:
  virtual ~IncomingCall() = default;
  // Stay as they are until Finish.
  virtual const grpc::ByteBuffer& request() const = 0;
  virtual grpc::ByteBuffer* response() = 0;
  // When it has to be answered: before the caller stops listening, and within `longest`.
  virtual Parking::TimePoint AnswerBy(std::chrono::milliseconds longest) const = 0;
  // The caller does not listen any more.
  virtual bool IsCancelled() const = 0;
  // Once, and nothing of the call is used after it.
  virtual void Finish(const grpc::Status& status) = 0;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_INCOMING_CALL_H_
