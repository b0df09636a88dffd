#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>

namespace monitor::measurement {

/// What a child may use before the kernel or its parent ends it.
struct IsolationLimits {
  std::uint64_t data_bytes = std::uint64_t{3} << 30;  ///< RLIMIT_DATA; mapped files do not count
  int cpu_s = 3600;
  int wall_s = 3600;
  std::uint64_t answer_bytes = std::uint64_t{512} << 20;
};

/// How the child reaches its parent while it works.
using ReportProgress = std::function<void(double fraction)>;
using IsolatedWork = std::function<std::string(const ReportProgress&)>;

/// The child gave no answer; one sentence says why.
struct ChildDeath {
  std::string sentence;
};

/// A child process that runs one piece of work and hands its answer back through a pipe, so that
/// whatever a hostile file does ends in the child.
class IsolatedChild {
 public:
  /// Forks at once. Start threads only afterwards.
  IsolatedChild(const IsolationLimits& limits, const IsolatedWork& work);
  IsolatedChild(const IsolatedChild&) = delete;
  IsolatedChild& operator=(const IsolatedChild&) = delete;
  ~IsolatedChild();  ///< ends a child that still runs

  /// Waits for the answer.
  [[nodiscard]] std::variant<std::string, ChildDeath> Wait(const ReportProgress& progress);

 private:
  [[nodiscard]] bool ReadUntilEnd(const ReportProgress& progress, std::string& answer);
  [[nodiscard]] ChildDeath DescribeDeath(int status, bool too_late) const;

  IsolationLimits limits_;
  int child_ = -1;
  int pipe_ = -1;
};

}  // namespace monitor::measurement
