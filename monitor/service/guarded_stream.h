#pragma once

#include <httplib.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

namespace monitor::service {

/// How long one connection may take; a client that is slower is cut off.
struct TimeLimits {
  std::chrono::milliseconds head{10'000};          ///< until request line and headers are complete
  std::chrono::milliseconds idle{10'000};          ///< without a single byte moving
  std::chrono::milliseconds grace{30'000};         ///< for a body, plus:
  std::size_t least_bytes_per_second = 16 * 1024;  ///< the rate that a body must keep
};

/// One accepted connection, read and written with limits on bytes and time that hold whatever the
/// library above does: its own limits are per read, so that one byte every few seconds holds a
/// thread for ever and endless headers fill the memory.
/// Threads  one.
class GuardedStream final : public httplib::Stream {
 public:
  GuardedStream(socket_t socket, TimeLimits times, std::size_t header_bytes,
                const std::atomic<bool>& stopping);

  /// Waits for the first byte of a request; false when none comes in time or the server stops.
  bool AwaitRequest(std::chrono::milliseconds patience);
  /// The head of the request is complete: from here on the body's limits hold.
  void HeadComplete();
  /// Ends the connection so that a refusal sent before the whole body was read still arrives:
  /// a plain close would reset the connection and destroy it.
  void LingeringClose();

  [[nodiscard]] bool is_readable() const override;
  [[nodiscard]] bool is_writable() const override;
  ssize_t read(char* data, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] socket_t socket() const override { return socket_; }

 private:
  using Steady = std::chrono::steady_clock;
  bool Wait(short events, Steady::time_point until) const;
  [[nodiscard]] Steady::time_point ReadDeadline() const;

  socket_t socket_;
  TimeLimits times_;
  std::size_t header_bytes_;
  const std::atomic<bool>& stopping_;
  bool in_head_ = true;
  Steady::time_point head_begin_;
  Steady::time_point body_begin_;
  std::size_t head_read_ = 0;
  std::uint64_t body_read_ = 0;
  std::uint64_t written_ = 0;
  Steady::time_point write_begin_{};
  std::array<char, 16 * 1024> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace monitor::service
