#include "monitor/agent/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace monitor::agent {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kCannotStart = 127;
constexpr rlim_t kMaxFileBytes = rlim_t{2} << 30;  ///< of each file that the child writes
constexpr std::chrono::milliseconds kStopInterval{100};

void Limit(__rlimit_resource_t resource, rlim_t value) {
  const rlimit limit{value, value};
  setrlimit(resource, &limit);
}

/// Between fork and exec: only async-signal-safe calls, nothing that allocates.
[[noreturn]] void BecomeChild(char* const* arguments, const char* output, const ChildLimits& limits,
                              pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotStart);  // the agent died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int ignored : {SIGPIPE, SIGINT, SIGTERM}) signal(ignored, SIG_DFL);
  const int input = open("/dev/null", O_RDONLY);
  const int printed = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0640);
  if (input < 0 || printed < 0) _exit(kCannotStart);
  dup2(input, STDIN_FILENO);
  dup2(printed, STDOUT_FILENO);
  dup2(printed, STDERR_FILENO);
  close_range(3, ~0U, 0);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_FSIZE, kMaxFileBytes);
  if (limits.memory_bytes != 0) Limit(RLIMIT_DATA, limits.memory_bytes);
  execv(arguments[0], arguments);
  _exit(kCannotStart);
}

/// True when the child has ended before `deadline` and before `stop`.
ChildEnd WaitFor(int descriptor, Clock::time_point deadline, const std::function<bool()>& stop) {
  while (true) {
    if (stop()) return ChildEnd::kInterrupted;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return ChildEnd::kTimedOut;
    pollfd waiting{descriptor, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(std::min(left, kStopInterval).count())) > 0) {
      return ChildEnd::kExited;
    }
  }
}

ChildResult Reap(pid_t child, ChildEnd end) {
  // The group goes first: a grandchild must not outlive the one that watches it.
  kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ChildResult result{.end = end, .code = 0, .duration = {}};
  if (end != ChildEnd::kExited) return result;
  if (WIFSIGNALED(status))
    return {.end = ChildEnd::kKilled, .code = WTERMSIG(status), .duration = {}};
  result.code = WEXITSTATUS(status);
  return result;
}

}  // namespace

ChildResult RunChild(const std::vector<std::string>& command, const std::filesystem::path& output,
                     const ChildLimits& limits, const std::function<bool()>& stop) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const auto begin = Clock::now();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return {.end = ChildEnd::kNotStarted, .code = errno, .duration = {}};
  if (child == 0) BecomeChild(arguments.data(), output.c_str(), limits, parent);
  setpgid(child, child);
  // glibc 2.36 declares pidfd_open without C linkage.
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  const ChildEnd end =
      descriptor < 0 ? ChildEnd::kTimedOut : WaitFor(descriptor, begin + limits.time, stop);
  if (descriptor >= 0) close(descriptor);
  ChildResult result = Reap(child, end);
  result.duration = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  return result;
}

}  // namespace monitor::agent
