#pragma once

#include <httplib.h>

#include <atomic>
#include <memory>
#include <string>

#include "monitor/service/guard.h"
#include "monitor/service/guarded_stream.h"

namespace monitor::service {

/// The library's server with its weak sides covered: each connection runs over a GuardedStream,
/// ends after one request (unless told otherwise, behind a proxy of our own), and one of many
/// threads serves it, so that a handful of slow clients stops nobody.
class GuardedServer : public httplib::Server {
 public:
  GuardedServer(GuardLimits limits, TimeLimits times, std::size_t threads,
                std::size_t requests_per_connection);

  /// Ends waits on open connections soon; call before stop().
  void BeginStop() { stopping_ = true; }

 private:
  bool process_and_close_socket(socket_t socket) override;

  GuardLimits limits_;
  TimeLimits times_;
  std::size_t requests_per_connection_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace monitor::service
