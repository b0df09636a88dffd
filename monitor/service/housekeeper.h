#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "monitor/service/access_log.h"
#include "monitor/service/sign_ins.h"

namespace monitor::service {

/// Writes down once a second what nobody waits for (access log, last uses), and once an hour
/// removes what is over.
class Housekeeper {
 public:
  /// Both outlive it.
  Housekeeper(AccessLog& access_log, SignIns& sign_ins);
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

 private:
  void Loop();

  AccessLog& access_log_;
  SignIns& sign_ins_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace monitor::service
