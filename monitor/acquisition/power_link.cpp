#include "monitor/acquisition/power_link.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/printable.h"

namespace monitor::acquisition {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostLineBytes = 4096;
constexpr std::array<std::string_view, 3> kSchemes = {"scpi://", "serial://", "usbtmc://"};

int MillisecondsUntil(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

Clock::time_point After(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// Waits for `events`; false when the time is over.
bool WaitFor(int fd, short events, Clock::time_point deadline) {
  pollfd waiting{.fd = fd, .events = events, .revents = 0};
  while (true) {
    const int ready = poll(&waiting, 1, MillisecondsUntil(deadline));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) throw LinkError("the connection to the meter broke");
  }
}

enum class Waiting { kPolled, kByDriver };

// One file descriptor for all three: socket, terminal, or the USB driver's file.
class DescriptorLink : public PowerLink {
 public:
  DescriptorLink(int fd, Waiting waiting) : fd_(fd), waiting_(waiting) {}
  ~DescriptorLink() override { close(fd_); }

  void Send(std::string_view line) override {
    const std::string bytes = std::string(line) + "\n";
    const auto deadline = After(kSendS);
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t written = Write(bytes.data() + done, bytes.size() - done);
      if (written > 0) {
        done += static_cast<std::size_t>(written);
      } else if (written < 0 && (errno == EAGAIN || errno == EINTR)) {
        if (!WaitFor(fd_, POLLOUT, deadline)) throw LinkError("the meter takes no command");
      } else {
        throw LinkError("the meter hung up");
      }
    }
  }

  std::string Receive(double timeout_s) override {
    const auto deadline = After(timeout_s);
    while (true) {
      const std::size_t end = buffer_.find('\n');
      if (end != buffer_.npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
        return line;
      }
      if (buffer_.size() > kMostLineBytes) {
        buffer_.clear();
        throw LinkError("the meter sent a line without end");
      }
      ReadSome(deadline, timeout_s);
    }
  }

  void Drain() override {
    buffer_.clear();
    if (waiting_ == Waiting::kByDriver) return;  // it answers only what it was asked
    std::array<char, kMostLineBytes> bytes{};
    while (WaitFor(fd_, POLLIN, Clock::now()) && read(fd_, bytes.data(), bytes.size()) > 0)
      continue;
  }

 private:
  static constexpr double kSendS = 3.0;

  // A peer that is gone is an error here, not a signal that ends the program.
  ssize_t Write(const char* bytes, std::size_t count) const {
    const ssize_t sent = send(fd_, bytes, count, MSG_NOSIGNAL);
    return sent < 0 && errno == ENOTSOCK ? write(fd_, bytes, count) : sent;
  }

  void ReadSome(Clock::time_point deadline, double timeout_s) {
    if (waiting_ == Waiting::kPolled && !WaitFor(fd_, POLLIN, deadline)) RefuseLate(timeout_s);
    std::array<char, kMostLineBytes> bytes{};
    const ssize_t got = read(fd_, bytes.data(), bytes.size());
    if (got > 0) {
      buffer_.append(bytes.data(), static_cast<std::size_t>(got));
      // A message of the USB driver is a reply; not every meter ends it with a new line.
      if (waiting_ == Waiting::kByDriver && !buffer_.ends_with('\n')) buffer_ += '\n';
      return;
    }
    if (got < 0 && errno == ETIMEDOUT) RefuseLate(timeout_s);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    throw LinkError("the meter hung up");
  }

  [[noreturn]] static void RefuseLate(double timeout_s) {
    throw LinkError("the meter did not answer within " +
                    std::to_string(static_cast<int>(timeout_s * 1000.0)) + " ms");
  }

  int fd_;
  Waiting waiting_;
  std::string buffer_;
};

// Connected, or -1 with errno.
int TryConnect(const addrinfo& address, Clock::time_point deadline) {
  const int fd = socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int fault = connect(fd, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (fault == EINPROGRESS) {
    fault = ETIMEDOUT;
    if (WaitFor(fd, POLLOUT, deadline)) {
      socklen_t size = sizeof fault;
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size);
    }
  }
  if (fault == 0) return fd;
  close(fd);
  errno = fault;
  return -1;
}

int ConnectTcp(const std::string& host, const std::string& port, double timeout_s) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
    throw LinkError("no meter is known under the name '" + Printable(host) + "'");
  }
  const auto deadline = After(timeout_s);
  int fd = -1;
  for (const addrinfo* at = found; at != nullptr && fd < 0; at = at->ai_next) {
    fd = TryConnect(*at, deadline);
  }
  const int fault = errno;
  freeaddrinfo(found);
  if (fd < 0) {
    throw LinkError("no meter answers at " + Printable(host) + ":" + port + " (" +
                    std::strerror(fault) + ")");
  }
  return fd;
}

int OpenDevice(const std::string& path, int flags) {
  const int fd = open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | flags);
  if (fd < 0) {
    throw LinkError("'" + Printable(path) + "' cannot be opened (" + std::strerror(errno) +
                    "); is the meter plugged in, and may this account use it?");
  }
  return fd;
}

speed_t SpeedOf(const std::string& query) {
  constexpr std::array<std::pair<std::string_view, speed_t>, 6> kSpeeds = {{{"9600", B9600},
                                                                            {"19200", B19200},
                                                                            {"38400", B38400},
                                                                            {"57600", B57600},
                                                                            {"115200", B115200},
                                                                            {"230400", B230400}}};
  if (query.empty()) return B115200;
  for (const auto& [name, speed] : kSpeeds) {
    if (query == "baud=" + std::string(name)) return speed;
  }
  throw LinkError("a serial address takes ?baud= with 9600, 19200, 38400, 57600, 115200 or 230400");
}

int OpenSerial(const std::string& path, const std::string& query) {
  const speed_t speed = SpeedOf(query);
  const int fd = OpenDevice(path, O_NONBLOCK);
  termios line{};
  if (tcgetattr(fd, &line) != 0) {
    close(fd);
    throw LinkError("'" + Printable(path) + "' is no serial line");
  }
  cfmakeraw(&line);
  line.c_cflag |= CLOCAL | CREAD;
  cfsetispeed(&line, speed);
  cfsetospeed(&line, speed);
  tcsetattr(fd, TCSANOW, &line);
  tcflush(fd, TCIOFLUSH);
  return fd;
}

}  // namespace

bool IsPowerMeterAddress(std::string_view text) {
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [text](std::string_view scheme) { return text.starts_with(scheme); });
}

std::unique_ptr<PowerLink> ConnectPowerMeter(const std::string& address, double timeout_s) {
  const std::size_t begin = address.find("://");
  std::string rest = begin == address.npos ? std::string() : address.substr(begin + 3);
  if (address.starts_with("scpi://")) {
    const std::size_t colon = rest.rfind(':');
    const auto port = colon == rest.npos ? std::nullopt : PositiveNumber(rest.substr(colon + 1));
    if (!port || *port > 65535.0 || colon == 0) {
      throw LinkError("a meter on the network is named as scpi://HOST:PORT");
    }
    return std::make_unique<DescriptorLink>(
        ConnectTcp(rest.substr(0, colon), rest.substr(colon + 1), timeout_s), Waiting::kPolled);
  }
  const std::size_t mark = rest.find('?');
  const std::string query = mark == rest.npos ? std::string() : rest.substr(mark + 1);
  rest = rest.substr(0, mark);
  if (rest.empty()) throw LinkError("'" + Printable(address) + "' names no device");
  if (address.starts_with("serial://")) {
    return std::make_unique<DescriptorLink>(OpenSerial(rest, query), Waiting::kPolled);
  }
  if (address.starts_with("usbtmc://")) {
    return std::make_unique<DescriptorLink>(OpenDevice(rest, 0), Waiting::kByDriver);
  }
  throw LinkError("a meter is named as scpi://HOST:PORT, serial:///dev/... or usbtmc:///dev/...");
}

}  // namespace monitor::acquisition
