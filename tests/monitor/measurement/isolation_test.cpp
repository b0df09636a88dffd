#include "monitor/measurement/isolation.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <vector>

#include "monitor/acquisition/mapped_memory.h"

namespace monitor::measurement {
namespace {

std::variant<std::string, ChildDeath> Run(const IsolatedWork& work, IsolationLimits limits = {}) {
  IsolatedChild child(limits, work);
  return child.Wait({});
}

std::string DeathOf(const IsolatedWork& work, IsolationLimits limits = {}) {
  const auto answer = Run(work, limits);
  const auto* death = std::get_if<ChildDeath>(&answer);
  return death == nullptr ? "alive" : death->sentence;
}

TEST(Isolation, AnswersAndProgressArrive) {
  double last = 0.0;
  IsolatedChild child({}, [](const ReportProgress& progress) {
    progress(0.5);
    return std::string(1 << 20, 'x');
  });
  const auto answer = child.Wait([&last](double fraction) { last = fraction; });
  EXPECT_EQ(std::get<std::string>(answer).size(), std::size_t{1} << 20);
  EXPECT_EQ(last, 0.5);
}

TEST(Isolation, AShrinkingFileIsSaid) {
  const std::string path = ::testing::TempDir() + "etalon_shrinking";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(ftruncate(fd, 1 << 16), 0);
  const std::string sentence = DeathOf([fd](const ReportProgress&) {
    signal(SIGBUS, SIG_DFL);  // a sanitizer's handler would turn it into an exit code
    const auto memory = acquisition::MappedMemory::MapFile(fd, 1 << 16);
    if (ftruncate(fd, 0) != 0) return std::string("not truncated");
    return std::string(1, static_cast<char>(memory->bytes()[1 << 15]));
  });
  close(fd);
  unlink(path.c_str());
  EXPECT_NE(sentence.find("became shorter"), std::string::npos) << sentence;
}

TEST(Isolation, AChildThatAnswersTooMuchIsEndedAtOnce) {
  const std::string sentence =
      DeathOf([](const ReportProgress&) { return std::string(std::size_t{32} << 20, 'x'); },
              {.answer_bytes = std::uint64_t{1} << 20});
  EXPECT_NE(sentence.find("more than 1 MB"), std::string::npos) << sentence;
}

TEST(Isolation, AKilledChildIsSaid) {
  const std::string sentence = DeathOf([](const ReportProgress&) {
    raise(SIGKILL);
    return std::string();
  });
  EXPECT_NE(sentence.find("SIGKILL"), std::string::npos) << sentence;
}

TEST(Isolation, TimeIsLimited) {
  IsolationLimits limits;
  limits.wall_s = 1;
  const std::string sentence = DeathOf(
      [](const ReportProgress&) {
        sleep(30);
        return std::string();
      },
      limits);
  EXPECT_NE(sentence.find("longer than 1 s"), std::string::npos) << sentence;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Isolation, MemoryIsLimited) {
  IsolationLimits limits;
  limits.data_bytes = std::uint64_t{64} << 20;
  const std::string sentence = DeathOf(
      [](const ReportProgress&) {
        const std::vector<char> large(std::size_t{512} << 20, 'x');
        return std::string(large.begin(), large.begin() + 1);
      },
      limits);
  EXPECT_NE(sentence.find("64 MB"), std::string::npos) << sentence;
}
#endif

}  // namespace
}  // namespace monitor::measurement
