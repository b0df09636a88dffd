#pragma once

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "sop/store/connection.h"

namespace sop::store {

/// A database of its own for each test: a file in the test's folder, or, where the test program was
/// started by tests/support/with_postgresql.py, one of that server.
class TestDatabase {
 public:
  explicit TestDatabase(const std::string& dir) : where_(dir + "/etalon.db") {
    if (!OnPostgresql()) return;
    static std::atomic<int> count{0};
    name_ = "test_" + std::to_string(getpid()) + "_" + std::to_string(count++);
    Server().Execute("CREATE DATABASE " + name_);
    where_ = Url(name_);
  }
  ~TestDatabase() {
    if (!name_.empty()) Server().Execute("DROP DATABASE " + name_ + " WITH (FORCE)");
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  static bool OnPostgresql() { return std::getenv("ETALON_TEST_POSTGRESQL") != nullptr; }
  /// What a Store takes.
  [[nodiscard]] const std::string& where() const { return where_; }
  /// What `--database` takes: nothing where the data folder holds the file.
  [[nodiscard]] std::string option() const { return name_.empty() ? "" : where_; }
  /// The URL of another database of the server.
  static std::string Url(const std::string& name, const char* variable = "ETALON_TEST_POSTGRESQL") {
    std::string url = std::getenv(variable);
    return url.replace(url.find("/postgres", url.find("//") + 2), 9, "/" + name);
  }
  /// Ends the server as a power cut would end its processes, and waits until it is back.
  static void KillServer() {
    const std::int64_t before = ServerProcess();
    kill(static_cast<pid_t>(before), SIGKILL);
    for (int i = 0; i < 600; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (ServerProcess() == before) continue;
      try {
        Server();
        return;
      } catch (const StoreError&) {
        // not yet
      }
    }
    throw StoreError("the server did not come back");
  }

 private:
  static std::int64_t ServerProcess() {
    std::int64_t pid = 0;
    std::ifstream(std::getenv("ETALON_TEST_POSTGRESQL_PID")) >> pid;
    return pid;
  }
  static Connection Server() { return Connection(Url("postgres"), Access::kReadWrite); }

  std::string where_;
  std::string name_;
};

}  // namespace sop::store
