#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace monitor::service {

/// How long requests took and how they ended, by route, from zero: all routes are there at start.
/// Threads  every member may be called from any thread.
class RequestMeter {
 public:
  static constexpr std::array<double, 7> kBounds_s = {0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0};
  enum class Outcome { kDone, kRefused, kFailed };
  struct Row {
    std::array<std::uint64_t, kBounds_s.size() + 1> counts{};  ///< by bucket, not cumulated
    double sum_s = 0.0;
    std::array<std::uint64_t, 3> outcomes{};
  };

  /// `name` is "GET /api/v1/instruments/{id}"; requests that match no route count as "other".
  void Declare(const std::string& name);
  void Count(std::string_view name, double seconds, Outcome outcome);
  [[nodiscard]] std::map<std::string, Row, std::less<>> Rows() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Row, std::less<>> rows_{{"other", Row{}}};
};

}  // namespace monitor::service
