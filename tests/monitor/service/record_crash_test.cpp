#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

class CrashTest : public RecordTest {
 protected:
  /// Submits 0, 1, 2 ... from four threads and writes each number once its receipt is there.
  [[noreturn]] void SubmitForEver(int pipe) {
    Open();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([this, t, pipe] {
        for (int k = t;; k += 4) {
          record_->Submit(Submission(k, 0.8, "2026-03-01T08:30:00Z"), "ana");
          if (write(pipe, &k, sizeof k) != sizeof k) _exit(1);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    _exit(1);
  }

  /// What a service that was killed after `ms` had acknowledged.
  std::vector<int> AcknowledgedBeforeKill(int ms) {
    record_.reset();
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) SubmitForEver(ends[1]);
    close(ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::vector<int> acknowledged;
    for (int k = 0; read(ends[0], &k, sizeof k) == sizeof k;) acknowledged.push_back(k);
    close(ends[0]);
    return acknowledged;
  }
};

TEST_F(CrashTest, WhatWasAcknowledgedIsThereAfterKillMinusNine) {
  ApplyFacility();
  std::size_t acknowledged = 0;
  for (const int ms : {150, 230, 310, 390}) {
    const std::vector<int> numbers = AcknowledgedBeforeKill(ms);
    acknowledged += numbers.size();
    Open();  // checks every leaf against the last checkpoint
    for (const int k : numbers) {
      bool created = true;
      record_->Submit(Submission(k, 0.8, "2026-03-01T08:30:00Z"), "ana", &created);
      EXPECT_FALSE(created) << k;
    }
    const std::string before = record_->DumpDigest();
    EXPECT_EQ(record_->Rebuild(), before);
  }
  EXPECT_GT(acknowledged, 0U);
}

TEST_F(CrashTest, AServerKilledBetweenCommitsLosesAndDoublesNothing) {
  if (!OnPostgresql()) GTEST_SKIP() << "about a server";
  ApplyFacility();
  const auto events = [&] { return record_->Events(0, 1).at("tree_size").get<int>(); };
  const int before = events();
  std::atomic<bool> ending{false};
  std::atomic<int> acknowledged{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      // An agent: it sends each result until it has its receipt.
      for (int k = t; !ending; k += 4) {
        for (bool done = false; !done;) {
          try {
            record_->Submit(Submission(k, 0.8, "2026-03-01T08:30:00Z"), "ana");
            done = true;
          } catch (const sop::store::StoreError&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
        }
        ++acknowledged;
      }
    });
  }
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200 + 70 * i));
    sop::store::TestDatabase::KillServer();
  }
  ending = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(events(), before + 2 * acknowledged);
  Open();  // checks every leaf against the last checkpoint
  const std::string dump = record_->DumpDigest();
  EXPECT_EQ(record_->Rebuild(), dump);
}

}  // namespace
}  // namespace monitor::service
