// Payloads of messages as text, and back.
#ifndef PUMASI_TESTS_LOCAL_PAYLOAD_TEXT_H_
#define PUMASI_TESTS_LOCAL_PAYLOAD_TEXT_H_

#include <grpcpp/support/byte_buffer.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace pumasi {

inline grpc::ByteBuffer BytesOf(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

// Of none: empty.
inline std::string TextOf(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!bytes.Valid()) return text;
  REQUIRE(bytes.Dump(&slices).ok());
  for (const auto& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_LOCAL_PAYLOAD_TEXT_H_
