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
#include <array>
#include <cerrno>

namespace monitor::agent {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kCannotStart = 127;
constexpr rlim_t kMaxFileBytes = rlim_t{2} << 30;  ///< of each file that the child writes
constexpr std::chrono::milliseconds kStopInterval{100};

/// Not above what this process may itself; a limit that does not take is no limit.
void Limit(__rlimit_resource_t resource, rlim_t value) {
  static constexpr char kSorry[] = "a resource limit cannot be set\n";
  rlimit limit{};
  if (getrlimit(resource, &limit) == 0) {
    limit.rlim_max = std::min(limit.rlim_max, value);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(resource, &limit) == 0) return;
  }
  (void)!write(STDERR_FILENO, kSorry, sizeof kSorry - 1);
  _exit(kCannotStart);
}

/// Between fork and exec: only async-signal-safe calls, nothing that allocates.
[[noreturn]] void BecomeChild(char* const* arguments, int printed, const ChildLimits& limits,
                              pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotStart);  // the agent died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int ignored : {SIGPIPE, SIGINT, SIGTERM}) signal(ignored, SIG_DFL);
  const int input = open("/dev/null", O_RDONLY);
  if (input < 0) _exit(kCannotStart);
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

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }
  void Close() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

/// What a child prints: read to its end, so that the child never waits, and kept up to a limit.
class Printed {
 public:
  Printed(int from, int to) : from_(from), to_(to) {}
  [[nodiscard]] int descriptor() const { return open_ ? from_ : -1; }
  /// Takes what is there; a grandchild that left the group may hold the other end for ever.
  void Take() {
    std::array<char, 64 * 1024> block;
    for (int i = 0; open_ && i < kBlocksAtOnce; ++i) {
      const ssize_t got = read(from_, block.data(), block.size());
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got <= 0) {
        open_ = false;
        return;
      }
      Keep(block.data(), std::min(static_cast<std::size_t>(got), kMaxOutputBytes - kept_));
    }
  }

 private:
  static constexpr int kBlocksAtOnce = 32;
  void Keep(const char* bytes, std::size_t size) {
    kept_ += size;
    while (size > 0) {
      const ssize_t written = write(to_, bytes, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;  // a full disk costs the words, not the result
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  }

  int from_;
  int to_;
  std::size_t kept_ = 0;
  bool open_ = true;
};

/// Why the wait for `child` (a pidfd) ended.
ChildEnd WaitFor(int child, Printed& printed, Clock::time_point deadline,
                 const std::function<bool()>& stop) {
  while (true) {
    if (stop()) return ChildEnd::kInterrupted;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return ChildEnd::kTimedOut;
    std::array<pollfd, 2> waiting{{{child, POLLIN, 0}, {printed.descriptor(), POLLIN, 0}}};
    const auto wait = static_cast<int>(std::min(left, kStopInterval).count());
    if (poll(waiting.data(), waiting.size(), wait) <= 0) continue;
    if (waiting[1].revents != 0) printed.Take();
    if (waiting[0].revents != 0) return ChildEnd::kExited;
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
  const auto not_started = [] {
    return ChildResult{.end = ChildEnd::kNotStarted, .code = errno, .duration = {}};
  };
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return not_started();
  const Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  fcntl(from.get(), F_SETFL, O_NONBLOCK);
  const Descriptor file(open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (file.get() < 0) return not_started();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return not_started();
  if (child == 0) BecomeChild(arguments.data(), to.get(), limits, parent);
  to.Close();
  setpgid(child, child);
  // glibc 2.36 declares pidfd_open without C linkage.
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  Printed printed(from.get(), file.get());
  const ChildEnd end = process.get() < 0
                           ? ChildEnd::kTimedOut
                           : WaitFor(process.get(), printed, begin + limits.time, stop);
  ChildResult result = Reap(child, end);
  printed.Take();
  result.duration = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  return result;
}

}  // namespace monitor::agent
