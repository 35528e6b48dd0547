#include "common/wire/value_message.h"

#include "common/wire/value_fields.h"

namespace pumasi {
namespace {

template <typename Message>
Message Join(const Outgoing<Message>& outgoing) {
  Message message = outgoing.head;
  for (int i = 0; i < RowsOf(message).size(); ++i) {
    MutableRowsOf(message)->Mutable(i)->set_values(std::string(outgoing.rows[i].bytes()));
  }
  for (int i = 0; i < message.dense_size(); ++i) {
    message.mutable_dense(i)->set_values(std::string(outgoing.dense[i].bytes()));
  }
  return message;
}

template <typename Message>
ArrivedValues Views(const Message& message) {
  ArrivedValues values;
  for (const v1::RowValues& rows : RowsOf(message)) values.rows.emplace_back(rows.values());
  for (const v1::DenseChunk& chunk : message.dense()) values.dense.emplace_back(chunk.values());
  return values;
}

}  // namespace

v1::PushRequest ToMessage(const OutgoingPush& push) { return Join(push); }
v1::PullResponse ToMessage(const OutgoingPull& pull) { return Join(pull); }
ArrivedValues ValuesOf(const v1::PushRequest& push) { return Views(push); }
ArrivedValues ValuesOf(const v1::PullResponse& pull) { return Views(pull); }

}  // namespace pumasi
