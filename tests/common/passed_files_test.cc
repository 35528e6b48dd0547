#include "common/passed_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace pumasi {
namespace {

struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    for (const int end : ends) both.emplace_back(end);
  }
  int here() const { return both[0].get(); }
  int there() const { return both[1].get(); }
  std::vector<Descriptor> both;
};

Descriptor Null() { return Descriptor(open("/dev/null", O_RDWR | O_CLOEXEC)); }

bool SameFile(int a, int b) {
  struct stat of_a, of_b;
  return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

size_t OpenFiles() {
  size_t open = 0;
  for (int fd = 0; fd < 256; ++fd) open += fcntl(fd, F_GETFD) >= 0;
  return open;
}

TEST_CASE("Files come with the bytes they were sent with, in their order, and no child gets them") {
  Pair pair;
  const Descriptor one = Null(), other(socket(AF_UNIX, SOCK_STREAM, 0));
  CHECK(SendWithFiles(pair.here(), "ab", 2, {one.get(), other.get()}, 0) == 2);
  char bytes[4];
  std::vector<Descriptor> files;
  bool lost = true;
  CHECK(ReceiveWithFiles(pair.there(), bytes, sizeof bytes, 0, &files, &lost) == 2);
  CHECK(std::string(bytes, 2) == "ab");
  CHECK_FALSE(lost);
  REQUIRE(files.size() == 2);
  CHECK(SameFile(files[0].get(), one.get()));
  CHECK(SameFile(files[1].get(), other.get()));
  for (const Descriptor& file : files) CHECK((fcntl(file.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("Bytes without files, and the other side's end, bring none") {
  Pair pair;
  REQUIRE(send(pair.here(), "x", 1, 0) == 1);
  shutdown(pair.here(), SHUT_WR);
  char byte;
  std::vector<Descriptor> files;
  bool lost = true;
  CHECK(ReceiveWithFiles(pair.there(), &byte, 1, 0, &files, &lost) == 1);
  CHECK(ReceiveWithFiles(pair.there(), &byte, 1, 0, &files, &lost) == 0);
  CHECK(files.empty());
  CHECK_FALSE(lost);
}

TEST_CASE("Files that nobody wanted, or that are too many, are closed") {
  Pair pair;
  const Descriptor null = Null();
  const size_t before = OpenFiles();
  // Five, by hand: the helper sends no more than it takes.
  union {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * (kMostPassedFiles + 1))];
  } control{};
  char byte = 1;
  iovec text{&byte, 1};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * (kMostPassedFiles + 1));
  for (size_t i = 0; i <= kMostPassedFiles; ++i) reinterpret_cast<int*>(CMSG_DATA(header))[i] = null.get();
  REQUIRE(sendmsg(pair.here(), &message, 0) == 1);
  {
    std::vector<Descriptor> files;
    bool lost = false;
    CHECK(ReceiveWithFiles(pair.there(), &byte, 1, 0, &files, &lost) == 1);
    CHECK(lost);
    CHECK(files.size() == kMostPassedFiles);
  }
  CHECK(OpenFiles() == before);
}

TEST_CASE("Errors are errno's, and a peer that is gone raises no signal") {
  Pair pair;
  const Descriptor null = Null();
  char byte = 1;
  std::vector<Descriptor> files;
  bool lost;
  CHECK(ReceiveWithFiles(pair.there(), &byte, 1, MSG_DONTWAIT, &files, &lost) < 0);
  CHECK(errno == EAGAIN);
  pair.both.pop_back();
  CHECK(SendWithFiles(pair.here(), &byte, 1, {null.get()}, 0) < 0);
  CHECK(errno == EPIPE);
}

}  // namespace
}  // namespace pumasi
