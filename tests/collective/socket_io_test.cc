#include "worker/collective/socket_io.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <vector>

namespace pumasi {
namespace {

SocketDeadline Soon() { return std::chrono::steady_clock::now() + std::chrono::minutes(1); }

// Descriptors that this process has open.
ptrdiff_t OpenNow() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

// As SendFile does, with any number of them.
void SendFiles(int socket, const std::vector<int>& files) {
  char byte = 1;
  iovec text{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)] = {};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  if (!files.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * files.size());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * files.size());
    std::memcpy(CMSG_DATA(header), files.data(), sizeof(int) * files.size());
  }
  REQUIRE(sendmsg(socket, &message, MSG_NOSIGNAL) == 1);
}

TEST_CASE("One file is handed over, and of more none is kept open") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const Descriptor ours(ends[0]), theirs(ends[1]);
  const Descriptor file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const ptrdiff_t before = OpenNow();
  for (size_t count = 0; count <= 5; ++count) {
    CAPTURE(count);
    SendFiles(theirs.get(), std::vector<int>(count, file.get()));
    {
      const auto got = ReceiveFile(ours.get(), Soon());
      INFO(got.status());
      CHECK(got.ok() == (count == 1));
      CHECK((got.ok() || absl::IsInvalidArgument(got.status())));
      CHECK(OpenNow() == before + (count == 1 ? 1 : 0));
    }
    CHECK(OpenNow() == before);
  }
}

}  // namespace
}  // namespace pumasi
