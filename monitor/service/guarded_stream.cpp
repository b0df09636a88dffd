#include "monitor/service/guarded_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace monitor::service {
namespace {

constexpr std::chrono::milliseconds kStopCheck{200};  // how soon a stop interrupts a wait
constexpr std::uint64_t kLingerBytes = 64ULL << 20;
constexpr std::chrono::milliseconds kLingerTime{2000};

void Address(const sockaddr_storage& address, std::string& ip, int& port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    port = ntohs(v6.sin6_port);
  }
  ip = text.data();
}

std::chrono::milliseconds TimeFor(std::uint64_t bytes, std::size_t bytes_per_second) {
  return std::chrono::milliseconds(bytes * 1000 / std::max<std::size_t>(bytes_per_second, 1));
}

}  // namespace

GuardedStream::GuardedStream(socket_t socket, TimeLimits times, std::size_t header_bytes,
                             const std::atomic<bool>& stopping)
    : socket_(socket),
      times_(times),
      header_bytes_(header_bytes),
      stopping_(stopping),
      head_begin_(Steady::now()),
      body_begin_(head_begin_) {}

bool GuardedStream::Wait(short events, Steady::time_point until) const {
  while (!stopping_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now());
    if (left.count() < 0) return false;
    pollfd waited{.fd = socket_, .events = events, .revents = 0};
    const auto slice = static_cast<int>(std::min(left, kStopCheck).count());
    const int ready = poll(&waited, 1, std::max(slice, 1));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

bool GuardedStream::AwaitRequest(std::chrono::milliseconds patience) {
  in_head_ = true;
  head_read_ = 0;
  if (begin_ == end_ && !Wait(POLLIN, Steady::now() + patience)) return false;
  head_begin_ = Steady::now();
  return true;
}

void GuardedStream::HeadComplete() {
  in_head_ = false;
  body_begin_ = Steady::now();
  body_read_ = 0;
  written_ = 0;
  write_begin_ = {};
}

GuardedStream::Steady::time_point GuardedStream::ReadDeadline() const {
  if (in_head_) return head_begin_ + times_.head;
  const auto whole =
      body_begin_ + times_.grace + TimeFor(body_read_, times_.least_bytes_per_second);
  return std::min(Steady::now() + times_.idle, whole);
}

ssize_t GuardedStream::read(char* data, std::size_t size) {
  if (in_head_ && head_read_ >= header_bytes_) return -1;
  if (begin_ == end_) {
    if (!Wait(POLLIN, ReadDeadline())) return -1;
    const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return got;
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
  }
  const std::size_t taken = std::min(size, end_ - begin_);
  std::memcpy(data, buffer_.data() + begin_, taken);
  begin_ += taken;
  (in_head_ ? head_read_ : body_read_) += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t GuardedStream::write(const char* data, std::size_t size) {
  if (write_begin_ == Steady::time_point{}) write_begin_ = Steady::now();
  const auto whole = write_begin_ + times_.grace + TimeFor(written_, times_.least_bytes_per_second);
  if (!Wait(POLLOUT, std::min(Steady::now() + times_.idle, whole))) return -1;
  const ssize_t sent = send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return errno == EAGAIN ? 0 : -1;
  written_ += static_cast<std::uint64_t>(sent);
  return sent;
}

bool GuardedStream::is_readable() const { return begin_ < end_ || Wait(POLLIN, ReadDeadline()); }

bool GuardedStream::is_writable() const { return Wait(POLLOUT, Steady::now() + times_.idle); }

void GuardedStream::LingeringClose() {
  shutdown(socket_, SHUT_WR);
  const auto until = Steady::now() + kLingerTime;
  std::uint64_t drained = 0;
  while (drained < kLingerBytes && Wait(POLLIN, until)) {
    const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) break;
    drained += static_cast<std::uint64_t>(got);
  }
  close(socket_);
}

void GuardedStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    Address(address, ip, port);
  }
}

void GuardedStream::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    Address(address, ip, port);
  }
}

}  // namespace monitor::service
