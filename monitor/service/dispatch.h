#pragma once

#include <string>

#include "monitor/service/gate.h"
#include "monitor/service/guard.h"
#include "monitor/service/routes.h"

namespace httplib {
class ContentReader;
struct Request;
struct Response;
}  // namespace httplib

namespace monitor::service {

/// One request from guard to answer: who asks, which route, its parameters, its body, the reply
/// with its security headers, and the count of it.
/// Threads  Serve may run on any number of threads.
class Dispatch {
 public:
  /// `router` and `services` outlive it.
  Dispatch(const Router& router, Services& services, Gate gate, GuardLimits limits);

  /// The guard's word on the head of a request; true when it was refused and answered.
  bool Refuse(const httplib::Request& request, httplib::Response& response) const;
  /// `reader` gives the body of a write; nullptr for what has none.
  void Serve(const httplib::Request& request, httplib::Response& response,
             const httplib::ContentReader* reader);
  /// Whether a client that asks first may send its body; fills `response` with the refusal.
  bool MaySendBody(const httplib::Request& request, httplib::Response& response);

 private:
  /// A request as far as it has come: refused early, it has no route, or nobody who asks.
  struct Asked {
    const Route* route = nullptr;
    Exchange exchange;
    [[nodiscard]] std::string Name() const;
  };
  void Ask(const httplib::Request& request, Asked& asked) const;
  Reply Answer(const httplib::Request& request, const httplib::ContentReader* reader, Asked& asked);
  Reply Guarded(const httplib::Request& request, const httplib::ContentReader* reader,
                Asked& asked);

  const Router& router_;
  Services& services_;
  Gate gate_;
  GuardLimits limits_;
};

}  // namespace monitor::service
