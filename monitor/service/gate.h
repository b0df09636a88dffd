#pragma once

#include <string>

#include "monitor/service/routes.h"

namespace httplib {
struct Request;
}

namespace monitor::service {

/// What the gate knows of how requests reach the service.
struct GatePolicy {
  enum class Listener { kLoopback, kNetwork };  // kLoopback: only this machine reaches it
  Listener listener = Listener::kLoopback;
  CookiePolicy cookies = CookiePolicy::kPlain;
  /// "https://etalon.example.org", where a proxy of this machine stands in front; else empty.
  std::string public_url;
};

/// Stands before the routes: who asks, from where, and may they? And remembers it.
///
/// Threads  any.  Errors  Problem 401 `not_signed_in` or `session_over`, 403 `not_allowed` or
/// `forged`; StoreError.
class Gate {
 public:
  Gate(Services& services, GatePolicy policy);

  /// Fills in who asks and from where.
  void Identify(const httplib::Request& request, Exchange& exchange) const;
  /// Lets those pass who hold the route's right, everywhere or somewhere: before the body is read.
  void Authorise(const Route& route, const httplib::Request& request,
                 const Exchange& exchange) const;
  /// Holds those to their instrument who have the right there only: after the body was read.
  void AuthoriseInstrument(const Route& route, const Exchange& exchange) const;
  /// An entry of the access log for every refusal, every write, and every read of somebody whose
  /// grant is time-boxed.
  void Remember(const Route* route, const httplib::Request& request, const Exchange& exchange,
                int status) const;

 private:
  [[nodiscard]] sop::Rights RightsOf(const Exchange& exchange) const;
  [[nodiscard]] sop::Rights PublicRights() const;
  void RefuseForged(const Route& route, const httplib::Request& request,
                    const Exchange& exchange) const;

  Services& services_;
  GatePolicy policy_;
};

}  // namespace monitor::service
