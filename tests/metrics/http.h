// HTTP as a test speaks it.
#ifndef PUMASI_TESTS_METRICS_HTTP_H_
#define PUMASI_TESTS_METRICS_HTTP_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace pumasi {

// A connection to a port of 127.0.0.1. Reads and writes give up after 20 s.
class HttpConnection {
 public:
  explicit HttpConnection(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval most{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(static_cast<uint16_t>(port));
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0;
  }
  ~HttpConnection() { close(fd_); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  bool connected() const { return connected_; }
  void Send(const std::string& bytes) { (void)send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // All that comes until the peer closes; "TOO LATE" behind it if it does not.
  std::string Receive() {
    std::string received;
    char some[4096];
    while (true) {
      const ssize_t count = recv(fd_, some, sizeof some, 0);
      if (count <= 0) return count == 0 || errno == ECONNRESET ? received : received + "TOO LATE";
      received.append(some, static_cast<size_t>(count));
    }
  }

 private:
  const int fd_;
  bool connected_ = false;
};

inline std::string HttpAnswer(int port, const std::string& request) {
  HttpConnection connection(port);
  if (!connection.connected()) return "not connected";
  connection.Send(request);
  return connection.Receive();
}

// What follows the headers.
inline std::string BodyOf(const std::string& answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_METRICS_HTTP_H_
