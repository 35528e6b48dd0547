#include "common/local/local_error.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

// Nobody's message is longer (common/rpc_error.cc cuts them to what a gRPC header may hold).
constexpr uint64_t kMostError = 64 << 10;

}  // namespace

grpc::ByteBuffer ErrorPayload(const grpc::Status& status, LocalEntry* entry) {
  const std::string message = status.error_message().substr(0, kMostError / 2);
  const std::string details = status.error_details().substr(0, kMostError / 2);
  entry->code = static_cast<uint32_t>(status.error_code());
  entry->extra = message.size();
  const grpc::Slice slice(message + details);
  return grpc::ByteBuffer(&slice, 1);
}

grpc::Status ErrorOf(const LocalEntry& entry, const grpc::ByteBuffer& payload) {
  if (entry.code == LocalEntry::kNoRoom) {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the answer does not fit into the shared memory");
  }
  std::string text;
  std::vector<grpc::Slice> slices;
  if (entry.size <= kMostError && payload.Valid() && payload.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  constexpr auto kLast = static_cast<uint32_t>(grpc::StatusCode::UNAUTHENTICATED);
  if (entry.code == 0 || entry.code > kLast || entry.size > kMostError || entry.extra > text.size()) {
    return grpc::Status(grpc::StatusCode::INTERNAL, absl::StrCat("an error came that is none: code ", entry.code));
  }
  return grpc::Status(static_cast<grpc::StatusCode>(entry.code), text.substr(0, entry.extra), text.substr(entry.extra));
}

grpc::Status TooLarge(uint64_t size, uint64_t most) {
  return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                      absl::StrCat("a message has ", size, " bytes, more than max_message, ", most));
}

}  // namespace pumasi
