#include "monitor/measurement/isolation.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace monitor::measurement {
namespace {

// The shadow memory of address and thread sanitizers is data too, terabytes of it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitData = false;
#else
constexpr bool kLimitData = true;
#endif

// Frames: one byte of kind, eight of length (this machine's order), then the bytes.
constexpr char kProgress = 'p';
constexpr char kAnswer = 'a';
constexpr char kNoMemory = 'm';
constexpr char kFailure = 'f';
constexpr char kTooLong = 'l';  // never sent: what the parent notes
constexpr std::size_t kHeaderBytes = 1 + sizeof(std::uint64_t);

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(1);  // the parent is gone
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void WriteFrame(int fd, char kind, std::string_view payload) {
  char header[kHeaderBytes];
  header[0] = kind;
  const std::uint64_t length = payload.size();
  std::memcpy(header + 1, &length, sizeof length);
  WriteAll(fd, {header, sizeof header});
  WriteAll(fd, payload);
}

void Limit(__rlimit_resource resource, std::uint64_t soft, std::uint64_t hard) {
  const rlimit limit{static_cast<rlim_t>(soft), static_cast<rlim_t>(hard)};
  setrlimit(resource, &limit);
}

void LimitThisProcess(const IsolationLimits& limits) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // no child outlives its parent
  signal(SIGPIPE, SIG_IGN);
  signal(SIGINT, SIG_DFL);
  Limit(RLIMIT_CORE, 0, 0);
  const auto cpu_s = static_cast<std::uint64_t>(limits.cpu_s);
  Limit(RLIMIT_CPU, cpu_s, cpu_s + 5);  // SIGXCPU first, so that the parent can tell why
  if (kLimitData) Limit(RLIMIT_DATA, limits.data_bytes, limits.data_bytes);
}

[[noreturn]] void RunChild(int fd, const IsolationLimits& limits, const IsolatedWork& work) {
  LimitThisProcess(limits);
  try {
    const std::string answer = work([fd](double fraction) {
      WriteFrame(fd, kProgress, {reinterpret_cast<const char*>(&fraction), sizeof fraction});
    });
    WriteFrame(fd, kAnswer, answer);
  } catch (const std::bad_alloc&) {
    WriteFrame(fd, kNoMemory, {});
  } catch (const std::exception& error) {
    WriteFrame(fd, kFailure, error.what());
  }
  _exit(0);  // nothing of the parent's is flushed or destroyed twice
}

std::string Megabytes(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MB"; }

struct Frame {
  char kind;
  std::string payload;
};

// The first whole frame of `received`, taken out of it.
std::optional<Frame> TakeFrame(std::string& received) {
  if (received.size() < kHeaderBytes) return std::nullopt;
  std::uint64_t length = 0;
  std::memcpy(&length, received.data() + 1, sizeof length);
  if (received.size() - kHeaderBytes < length) return std::nullopt;
  Frame frame{received[0], received.substr(kHeaderBytes, length)};
  received.erase(0, kHeaderBytes + length);
  return frame;
}

}  // namespace

IsolatedChild::IsolatedChild(const IsolationLimits& limits, const IsolatedWork& work)
    : limits_(limits) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe for the measuring process");
  child_ = fork();
  if (child_ == 0) {
    close(ends[0]);
    RunChild(ends[1], limits, work);
  }
  close(ends[1]);
  pipe_ = ends[0];
  if (child_ < 0) {
    close(pipe_);
    throw std::runtime_error("the measuring process cannot be started");
  }
}

IsolatedChild::~IsolatedChild() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  close(pipe_);
}

// True when the pipe or the allowed length ended, false when the time did.
bool IsolatedChild::ReadUntilEnd(const ReportProgress& progress, std::string& answer) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::seconds(limits_.wall_s);
  std::string received;
  std::string buffer(std::size_t{1} << 16U, '\0');  // a pipe holds no more
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{pipe_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(std::min<long long>(left, 1000))) <= 0) continue;
    const ssize_t got = read(pipe_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    received.append(buffer, 0, static_cast<std::size_t>(got));
    if (received.size() > limits_.answer_bytes) {
      answer = kTooLong;
      return true;
    }
    // A long answer is one frame: it is looked at only when its end may be there.
    while (std::optional<Frame> frame = TakeFrame(received)) {
      double fraction = 0.0;
      if (frame->kind != kProgress) {
        answer = frame->kind + std::move(frame->payload);
      } else if (frame->payload.size() == sizeof fraction && progress) {
        std::memcpy(&fraction, frame->payload.data(), sizeof fraction);
        progress(fraction);
      }
    }
  }
}

ChildDeath IsolatedChild::DescribeDeath(int status, bool too_late) const {
  if (too_late || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) {
    return {"reading and measuring took longer than " +
            std::to_string(too_late ? limits_.wall_s : limits_.cpu_s) +
            " s and was stopped; measure a smaller region or a shorter series"};
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) {
    return {
        "the file became shorter or its disk failed while it was read (SIGBUS); wait until it is "
        "complete and measure it again"};
  }
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char* name = sigabbrev_np(number);
    return {"the measuring process was ended by signal " + std::to_string(number) + " (SIG" +
            (name == nullptr ? "?" : name) +
            ") while it worked on this file; keep the file and report it"};
  }
  return {"the measuring process ended without an answer (status " +
          std::to_string(WEXITSTATUS(status)) + "); keep the file and report it"};
}

std::variant<std::string, ChildDeath> IsolatedChild::Wait(const ReportProgress& progress) {
  std::string answer;
  const bool in_time = ReadUntilEnd(progress, answer);
  // A child with more to say would wait in write for a reader that never comes.
  const bool too_long = !answer.empty() && answer[0] == kTooLong;
  if (!in_time || too_long) kill(child_, SIGKILL);
  int status = 0;
  while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  if (too_long) {
    return ChildDeath{"the measuring process answered with more than " +
                      Megabytes(limits_.answer_bytes) +
                      "; measure a smaller region or a shorter series"};
  }
  if (answer.empty()) return DescribeDeath(status, !in_time);
  const char kind = answer[0];
  answer.erase(0, 1);
  if (kind == kNoMemory) {
    return ChildDeath{"reading and measuring needs more than the " + Megabytes(limits_.data_bytes) +
                      " of memory that are allowed; measure a smaller region or a shorter series"};
  }
  if (kind == kFailure) throw std::runtime_error(answer);
  return answer;
}

}  // namespace monitor::measurement
