// Pulls and pushes with their values inside, as a test writes and looks at them.
#ifndef PUMASI_TESTS_SERVER_PLAIN_MESSAGES_H_
#define PUMASI_TESTS_SERVER_PLAIN_MESSAGES_H_

#include "absl/status/status.h"
#include "common/wire/value_message.h"

namespace pumasi {

// Holder: Shard, Hosting or HostedJob.
template <typename Holder>
absl::Status PullPlain(Holder& holder, const v1::PullRequest& request, v1::PullResponse* response) {
  OutgoingPull answer;
  const absl::Status status = holder.Pull(request, &answer);
  *response = status.ok() ? ToMessage(answer) : answer.head;
  return status;
}

// `now`: where the holder wants it.
template <typename Holder, typename... Now>
absl::Status PushPlain(Holder& holder, const v1::PushRequest& request, v1::PushResponse* response, Now... now) {
  return holder.Push(request, ValuesOf(request), response, now...);
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_SERVER_PLAIN_MESSAGES_H_
