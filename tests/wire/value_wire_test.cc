// Messages written and read without copies of their values, against protobuf's own writer and parser.
#include "common/wire/value_wire.h"

#include <grpcpp/support/byte_buffer.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace pumasi {
namespace {

// Of values of 2 or 4 bytes: what they mean does not matter here.
ByteBlock Block(size_t values, std::mt19937_64& random) {
  const size_t size = values * (random() % 2 == 0 ? 2 : 4);
  const auto bytes = std::make_shared<char[]>(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(random());
  return {bytes, size};
}

OutgoingPush RandomPush(std::mt19937_64& random) {
  OutgoingPush push;
  if (random() % 4 > 0) push.head.mutable_header()->set_job_id("job");
  push.head.mutable_header()->set_incarnation(random());
  push.head.set_version(random() % 300);
  if (random() % 2 > 0) push.head.add_rate_changes()->set_factor(0.5);
  for (uint64_t i = 0, count = random() % 3; i < count; ++i) {
    v1::RowKeys* keys = push.head.add_keys();
    for (uint64_t id = 0; id < random() % 50; ++id) keys->add_deltas(random() % 1000);
    v1::RowValues* rows = push.head.add_values();
    rows->set_rows(random() % 200);
    rows->set_crc32c(static_cast<uint32_t>(random()));
    if (random() % 2 > 0) rows->set_statuses("\1\2");
    push.rows.push_back(Block(random() % 3000, random));
  }
  for (uint64_t i = 0, count = random() % 5; i < count; ++i) {
    v1::DenseChunk* chunk = push.head.add_dense();
    chunk->set_chunk(static_cast<uint32_t>(i));
    chunk->set_crc32c(static_cast<uint32_t>(random()));
    push.dense.push_back(Block(random() % 3 == 0 ? 0 : random() % 70000, random));
  }
  return push;
}

std::string Flat(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  REQUIRE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// The bytes in pieces of random sizes, some of them empty.
grpc::ByteBuffer Pieces(const std::string& bytes, std::mt19937_64& random) {
  std::vector<grpc::Slice> slices;
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min<size_t>(random() % 3 == 0 ? random() % 4 : random() % 20000, bytes.size() - at);
    slices.emplace_back(bytes.data() + at, size);
    at += size;
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

std::string Flat(const ByteView& view) {
  std::string bytes;
  for (const std::string_view piece : view.pieces()) bytes.append(piece);
  return bytes;
}

TEST_CASE("What is written is the plain message, and is read however it is cut") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int turn = 0; turn < 200; ++turn) {
    const OutgoingPush push = RandomPush(random);
    const v1::PushRequest plain = ToMessage(push);
    const std::string bytes = Flat(ToWire(push));
    v1::PushRequest parsed;
    REQUIRE(parsed.ParseFromString(bytes));
    REQUIRE(parsed.SerializeAsString() == plain.SerializeAsString());

    // Protobuf's own bytes, too: fields come in another order.
    for (const std::string& wire : {bytes, plain.SerializeAsString()}) {
      const grpc::ByteBuffer pieces = Pieces(wire, random);
      v1::PushRequest head;
      ArrivedValues values;
      REQUIRE(FromWire(pieces, &head, &values).ok());
      CHECK(head.SerializeAsString() == push.head.SerializeAsString());
      REQUIRE(values.rows.size() == push.rows.size());
      for (size_t i = 0; i < push.rows.size(); ++i) CHECK(Flat(values.rows[i]) == push.rows[i].bytes());
      REQUIRE(values.dense.size() == push.dense.size());
      for (size_t i = 0; i < push.dense.size(); ++i) CHECK(Flat(values.dense[i]) == push.dense[i].bytes());
    }
  }
}

TEST_CASE("An answer to a pull goes there and back") {
  std::mt19937_64 random(1);
  OutgoingPull pull;
  pull.head.set_version(7);
  pull.head.add_rows()->set_width(300);
  pull.rows.push_back(Block(3000, random));
  pull.head.add_dense()->set_chunk(3);
  pull.dense.push_back(Block(5, random));
  v1::PullResponse head, parsed;
  ArrivedValues values;
  const grpc::ByteBuffer wire = ToWire(pull);
  REQUIRE(FromWire(wire, &head, &values).ok());
  CHECK(head.SerializeAsString() == pull.head.SerializeAsString());
  CHECK(Flat(values.rows[0]) == pull.rows[0].bytes());
  CHECK(Flat(values.dense[0]) == pull.dense[0].bytes());
  REQUIRE(parsed.ParseFromString(Flat(wire)));
  CHECK(parsed.dense(0).values() == pull.dense[0].bytes());
}

TEST_CASE("The values live for as long as gRPC has the message") {
  std::mt19937_64 random(1);
  ByteBlock block = Block(1000, random);
  const std::weak_ptr<const void> watched = block.data;
  OutgoingPush push;
  push.head.add_dense();
  push.dense.push_back(std::move(block));
  grpc::ByteBuffer wire = ToWire(std::move(push));
  grpc::ByteBuffer again = wire;
  wire.Clear();
  CHECK_FALSE(watched.expired());
  again.Clear();
  CHECK(watched.expired());
}

TEST_CASE("A message that ends too soon is refused, wherever that is, as protobuf does") {
  std::mt19937_64 random(1);
  OutgoingPush push;
  push.head.mutable_header()->set_job_id("job");
  push.head.add_values()->set_rows(3);
  push.rows.push_back(Block(20, random));
  push.head.add_dense()->set_crc32c(5);
  push.dense.push_back(Block(200, random));
  push.head.add_dense()->set_chunk(1);
  push.dense.push_back(Block(0, random));
  const std::string good = Flat(ToWire(push));
  v1::PushRequest head;
  ArrivedValues values;
  for (size_t size = 0; size <= good.size(); ++size) {
    CAPTURE(size);
    const std::string cut = good.substr(0, size);
    CHECK(FromWire(Pieces(cut, random), &head, &values).ok() == v1::PushRequest().ParseFromString(cut));
  }
}

TEST_CASE("Bytes that are no message are refused") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  OutgoingPush push;
  while (push.dense.empty() || push.rows.empty()) push = RandomPush(random);
  const std::string good = Flat(ToWire(push));
  v1::PushRequest head;
  ArrivedValues values;
  // Cut anywhere: never taken for more than it is, and as protobuf sees it.
  for (int turn = 0; turn < 300; ++turn) {
    const std::string cut = good.substr(0, random() % good.size());
    const grpc::ByteBuffer pieces = Pieces(cut, random);
    CHECK(FromWire(pieces, &head, &values).ok() == v1::PushRequest().ParseFromString(cut));
  }
  // Bytes changed anywhere, most often among tags and lengths: what both take is the same.
  for (int turn = 0; turn < 2000; ++turn) {
    std::string bad = good;
    for (int i = 0; i < 3; ++i)
      bad[random() % 2 == 0 ? random() % std::min<size_t>(bad.size(), 60) : random() % bad.size()] ^=
          static_cast<char>(1 << random() % 8);
    const grpc::ByteBuffer pieces = Pieces(bad, random);
    v1::PushRequest plain;
    if (!FromWire(pieces, &head, &values).ok() || !plain.ParseFromString(bad)) continue;
    REQUIRE(values.rows.size() == static_cast<size_t>(plain.values_size()));
    for (int i = 0; i < plain.values_size(); ++i) CHECK(Flat(values.rows[i]) == plain.values(i).values());
    REQUIRE(values.dense.size() == static_cast<size_t>(plain.dense_size()));
    for (int i = 0; i < plain.dense_size(); ++i) CHECK(Flat(values.dense[i]) == plain.dense(i).values());
  }
  for (const std::string& bad :
       {std::string("\x3a\xff\xff\xff\xff\x7f"), std::string("\x3a\x05\x1a\xff\xff\xff\xff\x0f"), std::string("\x3b"),
        std::string(1, '\0')}) {
    const grpc::Slice slice(bad);
    CHECK_FALSE(FromWire(grpc::ByteBuffer(&slice, 1), &head, &values).ok());
  }
  CHECK_FALSE(FromWire(grpc::ByteBuffer(), &head, &values).ok());
}

TEST_CASE("A reader goes across pieces") {
  ByteView view("abc");
  view.Append("");
  view.Append("defgh");
  view.Append("i");
  CHECK(view.size() == 9);
  CHECK(view.pieces().size() == 3);
  CHECK(Crc32c(view) == Crc32c("abcdefghi"));
  CHECK(Crc32c(ByteView()) == 0);
  ByteReader reader(view);
  char out[5] = {};
  reader.Read(out, 4);
  CHECK(std::string(out) == "abcd");
  reader.Skip(1);
  CHECK(reader.Next(1) == "f");
  CHECK(reader.Next(9) == "gh");
  CHECK(reader.Next(9) == "i");
  reader.Read(out, 0);
}

}  // namespace
}  // namespace pumasi
