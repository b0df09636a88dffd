#pragma once

#include <string>

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
  Dispatch(const Router& router, Services& services, GuardLimits limits);

  /// The guard's word on the head of a request; true when it was refused and answered.
  bool Refuse(const httplib::Request& request, httplib::Response& response) const;
  /// `reader` gives the body of a write; nullptr for what has none.
  void Serve(const httplib::Request& request, httplib::Response& response,
             const httplib::ContentReader* reader);
  /// Whether a client that asks first may send its body; fills `response` with the refusal.
  bool MaySendBody(const httplib::Request& request, httplib::Response& response);

 private:
  Reply Answer(const httplib::Request& request, const httplib::ContentReader* reader,
               std::string& route_name);
  Reply Guarded(const httplib::Request& request, const httplib::ContentReader* reader,
                std::string& route_name);
  void Authorise(const Route& route, const httplib::Request& request, Exchange& exchange);

  const Router& router_;
  Services& services_;
  GuardLimits limits_;
};

}  // namespace monitor::service
