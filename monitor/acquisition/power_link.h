#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace monitor::acquisition {

/// An instrument that is not there, does not answer in time, or hangs up; one sentence.
class LinkError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Lines to and from an instrument.
class PowerLink {
 public:
  PowerLink() = default;
  PowerLink(const PowerLink&) = delete;
  PowerLink& operator=(const PowerLink&) = delete;
  virtual ~PowerLink() = default;

  /// Sends `line` and its end.
  /// Errors  LinkError.
  virtual void Send(std::string_view line) = 0;

  /// The next line, without its end; at most 4096 bytes.
  /// Errors  LinkError after `timeout_s`, when the other side hangs up, or for a line without end.
  [[nodiscard]] virtual std::string Receive(double timeout_s) = 0;

  /// Throws away what came unasked, so that a late reply is not taken for the next one.
  virtual void Drain() = 0;
};

/// Whether an input names a live meter and no file.
[[nodiscard]] bool IsPowerMeterAddress(std::string_view text);

/// Connects to `scpi://HOST:PORT` (TCP), `serial:///dev/ttyUSB0` (8 bits, no parity;
/// `?baud=115200`) or `usbtmc:///dev/usbtmc0` (the kernel's driver, which has its own timeout).
/// Errors  LinkError: an address of no such form, nobody there within `timeout_s`.
[[nodiscard]] std::unique_ptr<PowerLink> ConnectPowerMeter(const std::string& address,
                                                           double timeout_s);

}  // namespace monitor::acquisition
