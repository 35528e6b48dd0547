#include "common/wire/value_wire.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/wire/value_fields.h"

namespace pumasi {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// Wire types (https://protobuf.dev/programming-guides/encoding).
enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

constexpr uint32_t BytesTag(int field) { return static_cast<uint32_t>(field) << 3 | kBytes; }

constexpr int kRowBytes = v1::RowValues::kValuesFieldNumber;
constexpr int kChunkBytes = v1::DenseChunk::kValuesFieldNumber;

constexpr int RowsField(const v1::PushRequest*) { return v1::PushRequest::kValuesFieldNumber; }
constexpr int RowsField(const v1::PullResponse*) { return v1::PullResponse::kRowsFieldNumber; }

// Of row values and of dense chunks, each: nobody sends more, and what describes a block takes more than its bytes.
constexpr size_t kMostBlocks = 1 << 20;

// --- to the wire

class WireWriter {
 public:
  // `field` of the message: `part`, and in it one more field with the bytes of `block`.
  template <typename Part>
  void Add(int field, const Part& part, int bytes_field, const ByteBlock& block) {
    const size_t bytes = block.size;
    size_t size = part.ByteSizeLong();
    if (bytes > 0) size += CodedOutputStream::VarintSize32(BytesTag(bytes_field)) + LengthSize(bytes) + bytes;
    Varint(BytesTag(field));
    Varint(size);
    part.AppendToString(&small_);
    if (bytes == 0) return;
    Varint(BytesTag(bytes_field));
    Varint(bytes);
    Flush();
    auto* owner = new std::shared_ptr<const void>(block.data);
    slices_.emplace_back(
        const_cast<void*>(block.data.get()), bytes,
        [](void* data) { delete static_cast<std::shared_ptr<const void>*>(data); }, owner);
    size_ += bytes;
  }
  template <typename Message>
  void AddAll(const Message& message) {
    message.AppendToString(&small_);
  }
  grpc::ByteBuffer Take() {
    Flush();
    return size_ > INT_MAX ? grpc::ByteBuffer() : grpc::ByteBuffer(slices_.data(), slices_.size());
  }

 private:
  static size_t LengthSize(uint64_t length) { return static_cast<size_t>(CodedOutputStream::VarintSize64(length)); }
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      small_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    small_.push_back(static_cast<char>(value));
  }
  void Flush() {
    if (small_.empty()) return;
    size_ += small_.size();
    slices_.emplace_back(small_);
    small_.clear();
  }

  std::string small_;  // what has no slice yet
  std::vector<grpc::Slice> slices_;
  size_t size_ = 0;  // of them
};

template <typename Message>
grpc::ByteBuffer Write(Outgoing<Message> outgoing) {
  const RowBlocks rows = std::move(*MutableRowsOf(outgoing.head));
  const auto dense = std::move(*outgoing.head.mutable_dense());
  MutableRowsOf(outgoing.head)->Clear();
  outgoing.head.clear_dense();
  WireWriter writer;
  writer.AddAll(outgoing.head);
  for (int i = 0; i < rows.size(); ++i) {
    writer.Add(RowsField(&outgoing.head), rows[i], kRowBytes, outgoing.rows[i]);
  }
  for (int i = 0; i < dense.size(); ++i) {
    writer.Add(Message::kDenseFieldNumber, dense[i], kChunkBytes, outgoing.dense[i]);
  }
  return writer.Take();
}

// --- from the wire

bool ReadLength(CodedInputStream& in, int* length) {
  uint32_t size;
  if (!in.ReadVarint32(&size) || size > INT_MAX) return false;
  *length = static_cast<int>(size);
  return true;
}

// The rest of a field, of whatever type, as it is.
bool CopyField(CodedInputStream& in, uint32_t tag, CodedOutputStream& out) {
  out.WriteTag(tag);
  switch (tag & 7) {
    case kVarint: {
      uint64_t value;
      if (!in.ReadVarint64(&value)) return false;
      out.WriteVarint64(value);
      return true;
    }
    case kFixed64: {
      uint64_t value;
      if (!in.ReadLittleEndian64(&value)) return false;
      out.WriteLittleEndian64(value);
      return true;
    }
    case kFixed32: {
      uint32_t value;
      if (!in.ReadLittleEndian32(&value)) return false;
      out.WriteLittleEndian32(value);
      return true;
    }
    case kBytes: {
      int length;
      std::string bytes;
      if (!ReadLength(in, &length) || !in.ReadString(&bytes, length)) return false;
      out.WriteVarint32(static_cast<uint32_t>(length));
      out.WriteString(bytes);
      return true;
    }
    default:
      return false;  // groups: no message of ours has any
  }
}

bool ViewBytes(CodedInputStream& in, ByteView* view) {
  int left;
  if (!ReadLength(in, &left)) return false;
  *view = {};
  while (left > 0) {
    const void* piece;
    int size;
    if (!in.GetDirectBufferPointer(&piece, &size)) return false;
    size = std::min(size, left);
    view->Append({static_cast<const char*>(piece), static_cast<size_t>(size)});
    if (!in.Skip(size)) return false;
    left -= size;
  }
  return true;
}

// A message as a field of `out`, without its `bytes_field`, of which `view` is set.
bool SplitBlock(CodedInputStream& in, int field, int bytes_field, CodedOutputStream& out, ByteView* view) {
  int length;
  // (A reader of bytes reserves what a limit lets it expect.)
  if (!ReadLength(in, &length) || length > in.BytesUntilLimit()) return false;
  std::string rest;
  {
    StringOutputStream to_rest(&rest);
    CodedOutputStream rest_out(&to_rest);
    const auto limit = in.PushLimit(length);
    while (const uint32_t tag = in.ReadTag()) {
      if (!(tag == BytesTag(bytes_field) ? ViewBytes(in, view) : CopyField(in, tag, rest_out))) return false;
    }
    if (!in.ConsumedEntireMessage()) return false;
    in.PopLimit(limit);
  }
  out.WriteTag(BytesTag(field));
  out.WriteVarint32(static_cast<uint32_t>(rest.size()));
  out.WriteString(rest);
  return true;
}

template <typename Message>
bool Split(CodedInputStream& in, std::string* rest, ArrivedValues* values) {
  StringOutputStream to_rest(rest);
  CodedOutputStream out(&to_rest);
  constexpr const Message* kNone = nullptr;
  while (const uint32_t tag = in.ReadTag()) {
    const bool rows = tag == BytesTag(RowsField(kNone));
    if (rows || tag == BytesTag(Message::kDenseFieldNumber)) {
      std::vector<ByteView>& views = rows ? values->rows : values->dense;
      if (views.size() == kMostBlocks) return false;
      const int field = rows ? RowsField(kNone) : Message::kDenseFieldNumber;
      if (!SplitBlock(in, field, rows ? kRowBytes : kChunkBytes, out, &views.emplace_back())) return false;
    } else if (!CopyField(in, tag, out)) {
      return false;
    }
  }
  return in.ConsumedEntireMessage();
}

template <typename Message>
absl::Status Read(const grpc::ByteBuffer& bytes, Message* head, ArrivedValues* values) {
  *values = {};
  std::string rest;
  bool whole;
  {
    // It does not change the buffer, but asks for one that it might.
    grpc::ProtoBufferReader reader(const_cast<grpc::ByteBuffer*>(&bytes));
    if (!reader.status().ok()) return absl::InvalidArgumentError(reader.status().error_message());
    CodedInputStream in(&reader);
    (void)in.PushLimit(static_cast<int>(std::min<size_t>(bytes.Length(), INT_MAX)));
    whole = bytes.Length() <= INT_MAX && Split<Message>(in, &rest, values);
  }
  if (whole && head->ParseFromString(rest)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("not a ", head->GetTypeName(), ", or one with more blocks than ",
                                                 kMostBlocks, ": ", bytes.Length(), " bytes"));
}

}  // namespace

grpc::ByteBuffer MessageBytes(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

bool ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message) {
  grpc::ProtoBufferReader reader(const_cast<grpc::ByteBuffer*>(&bytes));
  return reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
}

grpc::ByteBuffer ToWire(OutgoingPush push) { return Write(std::move(push)); }
grpc::ByteBuffer ToWire(OutgoingPull pull) { return Write(std::move(pull)); }

absl::Status FromWire(const grpc::ByteBuffer& bytes, v1::PushRequest* head, ArrivedValues* values) {
  return Read(bytes, head, values);
}
absl::Status FromWire(const grpc::ByteBuffer& bytes, v1::PullResponse* head, ArrivedValues* values) {
  return Read(bytes, head, values);
}

}  // namespace pumasi
