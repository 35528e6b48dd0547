#include "server/slot_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/rpc_error.h"

namespace pumasi {
namespace {

constexpr size_t kPieceBytes = 1 << 20;
// A message is shorter than 2 GiB.
constexpr size_t kMostBytes = 0x7fffffff;

class Sender final : public grpc::ServerWriteReactor<v1::SlotPiece> {
 public:
  explicit Sender(std::string bytes) : pieces_(std::move(bytes)) { Send(); }
  explicit Sender(const absl::Status& refused) : pieces_("") { Finish(ToGrpc(refused)); }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the caller is gone"));
    } else if (pieces_.done()) {
      Finish(grpc::Status::OK);
    } else {
      Send();
    }
  }
  void OnDone() override { delete this; }

 private:
  void Send() {
    piece_ = pieces_.Next();
    StartWrite(&piece_);
  }

  SlotPieces pieces_;
  v1::SlotPiece piece_;
};

class Receiver final : public grpc::ClientReadReactor<v1::SlotPiece> {
 public:
  Receiver(grpc::ClientContext* context, const v1::FetchSlotRequest& request, std::function<void(uint64_t)> moved,
           std::function<void(absl::StatusOr<v1::SlotState>)> done)
      : context_(context), request_(request), moved_(std::move(moved)), done_(std::move(done)) {}

  void Start(v1::ParameterServer::StubInterface& stub) {
    stub.async()->FetchSlot(context_, &request_, this);
    StartRead(&piece_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (problem_.ok()) problem_ = assembly_.Add(piece_);
    if (!problem_.ok()) {
      context_->TryCancel();
    } else {
      moved_(piece_.data().size());
    }
    StartRead(&piece_);
  }
  void OnDone(const grpc::Status& status) override {
    if (!problem_.ok()) {
      done_(problem_);
    } else if (!status.ok()) {
      done_(ToAbsl(status));
    } else {
      done_(assembly_.Finish());
    }
    delete this;
  }

 private:
  grpc::ClientContext* const context_;
  const v1::FetchSlotRequest request_;
  const std::function<void(uint64_t)> moved_;
  const std::function<void(absl::StatusOr<v1::SlotState>)> done_;
  SlotAssembly assembly_;
  v1::SlotPiece piece_;
  absl::Status problem_;
};

}  // namespace

v1::SlotPiece SlotPieces::Next() {
  v1::SlotPiece piece;
  const size_t size = std::min(kPieceBytes, bytes_.size() - at_);
  piece.set_data(bytes_.data() + at_, size);
  piece.set_crc32c(Crc32c(piece.data().data(), size));
  at_ += size;
  done_ = at_ == bytes_.size();
  piece.set_end(done_);
  return piece;
}

absl::Status SlotAssembly::Add(const v1::SlotPiece& piece) {
  if (ended_) return absl::OutOfRangeError("a slot goes on after its end");
  if (Crc32c(piece.data().data(), piece.data().size()) != piece.crc32c()) {
    return absl::DataLossError(absl::StrCat("a slot's checksum does not fit after ", bytes_.size(), " bytes"));
  }
  if (piece.data().empty() && !piece.end()) return absl::DataLossError("a piece of a slot is empty");
  if (piece.data().size() > kMostBytes - bytes_.size()) {
    return absl::ResourceExhaustedError("a slot has more bytes than a message may have");
  }
  bytes_ += piece.data();
  ended_ = piece.end();
  return absl::OkStatus();
}

absl::StatusOr<v1::SlotState> SlotAssembly::Finish() const {
  v1::SlotState state;
  if (ended_ && state.ParseFromString(bytes_)) return state;
  return absl::DataLossError(absl::StrCat(bytes_.size(), " bytes are no slot's state"));
}

grpc::ServerWriteReactor<v1::SlotPiece>* SendSlot(const absl::StatusOr<v1::SlotState>& state) {
  if (!state.ok()) return new Sender(state.status());
  if (state->ByteSizeLong() > kMostBytes) {
    return new Sender(
        absl::ResourceExhaustedError(absl::StrCat("slot ", state->slot(), " has ", state->ByteSizeLong(),
                                                  " bytes, too many to be copied; more slots are needed")));
  }
  return new Sender(state->SerializeAsString());
}

void ReceiveSlot(v1::ParameterServer::StubInterface& stub, grpc::ClientContext* context,
                 const v1::FetchSlotRequest& request, std::function<void(uint64_t)> moved,
                 std::function<void(absl::StatusOr<v1::SlotState>)> done) {
  (new Receiver(context, request, std::move(moved), std::move(done)))->Start(stub);
}

}  // namespace pumasi
