#include "common/passed_files.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace pumasi {
namespace {

// Room for the control data that carries the descriptors.
union Control {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int) * kMostPassedFiles)];
};

}  // namespace

ssize_t SendWithFiles(int socket, const void* bytes, size_t size, std::initializer_list<int> files, int flags) {
  iovec text{const_cast<void*>(bytes), size};
  Control control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = CMSG_SPACE(sizeof(int) * files.size());
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * files.size());
  std::copy(files.begin(), files.end(), reinterpret_cast<int*>(CMSG_DATA(header)));
  return sendmsg(socket, &message, MSG_NOSIGNAL | flags);
}

ssize_t ReceiveWithFiles(int socket, void* bytes, size_t size, int flags, std::vector<Descriptor>* files, bool* lost) {
  iovec text{bytes, size};
  Control control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
  if (got < 0) return got;
  *lost = (message.msg_flags & MSG_CTRUNC) != 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = CMSG_LEN(0); at + sizeof(int) <= header->cmsg_len; at += sizeof(int)) {
      int file;
      std::memcpy(&file, reinterpret_cast<const char*>(header) + at, sizeof file);
      files->emplace_back(file);
    }
  }
  return got;
}

}  // namespace pumasi
