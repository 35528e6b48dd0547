#include "server/slot_stream.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "common/crc32c.h"

namespace pumasi {
namespace {

// Some MiB of a state.
v1::SlotState BigState() {
  v1::SlotState state;
  state.set_slot(3);
  state.set_version(9);
  state.mutable_state()->add_rows()->mutable_floats()->resize(2'500'000, 'x');
  return state;
}

std::vector<v1::SlotPiece> Cut(const std::string& bytes) {
  std::vector<v1::SlotPiece> all;
  SlotPieces pieces(bytes);
  while (!pieces.done()) all.push_back(pieces.Next());
  return all;
}

TEST_CASE("A state is cut to pieces and put together again") {
  for (const v1::SlotState& state : {BigState(), v1::SlotState()}) {
    SlotAssembly assembly;
    const auto pieces = Cut(state.SerializeAsString());
    CHECK(pieces.size() == (state.slot() == 3 ? 3 : 1));
    for (const v1::SlotPiece& piece : pieces) REQUIRE(assembly.Add(piece).ok());
    const auto whole = assembly.Finish();
    REQUIRE(whole.ok());
    CHECK(whole->SerializeAsString() == state.SerializeAsString());
  }
}

TEST_CASE("Pieces that are damaged, missing or too many are noticed") {
  auto pieces = Cut(BigState().SerializeAsString());
  SlotAssembly assembly;
  REQUIRE(assembly.Add(pieces[0]).ok());
  CHECK(absl::IsDataLoss(assembly.Finish().status()));
  (*pieces[1].mutable_data())[5] ^= 1;
  CHECK(absl::IsDataLoss(assembly.Add(pieces[1])));
  SlotAssembly other;
  REQUIRE(other.Add(pieces[2]).ok());
  CHECK(absl::IsOutOfRange(other.Add(pieces[0])));
  SlotAssembly with_hole;
  CHECK(absl::IsDataLoss(with_hole.Add(v1::SlotPiece())));
  v1::SlotPiece nonsense;
  nonsense.set_data("\xff\xff\xff");
  nonsense.set_crc32c(Crc32c(nonsense.data()));
  nonsense.set_end(true);
  SlotAssembly third;
  REQUIRE(third.Add(nonsense).ok());
  CHECK(absl::IsDataLoss(third.Finish().status()));
}

class Holder final : public v1::ParameterServer::CallbackService {
  grpc::ServerWriteReactor<v1::SlotPiece>* FetchSlot(grpc::CallbackServerContext*,
                                                     const v1::FetchSlotRequest*) override {
    return SendSlot(BigState());
  }
};

TEST_CASE("Who receives a slot hears of all its bytes while they come") {
  Holder holder;
  grpc::ServerBuilder builder;
  builder.RegisterService(&holder);
  const auto server = builder.BuildAndStart();
  const auto stub = v1::ParameterServer::NewStub(server->InProcessChannel({}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  std::vector<uint64_t> moved;
  std::promise<absl::StatusOr<v1::SlotState>> done;
  ReceiveSlot(
      *stub, &context, {}, [&](uint64_t bytes) { moved.push_back(bytes); },
      [&](absl::StatusOr<v1::SlotState> state) { done.set_value(std::move(state)); });
  const auto state = done.get_future().get();
  REQUIRE(state.ok());
  CHECK(state->SerializeAsString() == BigState().SerializeAsString());
  REQUIRE(moved.size() == 3);
  CHECK(moved[0] == 1 << 20);
  CHECK(moved[1] == 1 << 20);
  CHECK(moved[2] > 0);
  server->Shutdown();
}

}  // namespace
}  // namespace pumasi
