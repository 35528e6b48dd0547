// A slot on its way from server to server: a serialised v1::SlotState in checked pieces.
#ifndef PUMASI_SERVER_SLOT_STREAM_H_
#define PUMASI_SERVER_SLOT_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/parameter_server.grpc.pb.h"

namespace pumasi {

// Cuts `bytes` into pieces, the last one marked. Not thread-safe.
class SlotPieces {
 public:
  explicit SlotPieces(std::string bytes) : bytes_(std::move(bytes)) {}
  bool done() const { return done_; }
  // REQUIRES: !done().
  v1::SlotPiece Next();

 private:
  const std::string bytes_;
  size_t at_ = 0;
  bool done_ = false;
};

// Puts pieces together again. Not thread-safe.
class SlotAssembly {
 public:
  // DataLoss: a checksum does not fit, or there is nothing in it, and still it is not the end. ResourceExhausted: more
  // than a message can hold. OutOfRange: after the end.
  absl::Status Add(const v1::SlotPiece& piece);
  // DataLoss: pieces are missing, or they make no SlotState.
  absl::StatusOr<v1::SlotState> Finish() const;

 private:
  std::string bytes_;
  bool ended_ = false;
};

// The answering side: deletes itself when the call is over.
grpc::ServerWriteReactor<v1::SlotPiece>* SendSlot(const absl::StatusOr<v1::SlotState>& state);

// The asking side: begins the call and returns. `moved` is called with the bytes of each piece, then `done`
// once, after that, from threads of gRPC's. `context` and `stub` stay until then. A whole slot takes as long as it
// takes: the caller cancels a call of which nothing comes.
void ReceiveSlot(v1::ParameterServer::StubInterface& stub, grpc::ClientContext* context,
                 const v1::FetchSlotRequest& request, std::function<void(uint64_t)> moved,
                 std::function<void(absl::StatusOr<v1::SlotState>)> done);

}  // namespace pumasi

#endif  // PUMASI_SERVER_SLOT_STREAM_H_
