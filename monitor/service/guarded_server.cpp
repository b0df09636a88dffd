#include "monitor/service/guarded_server.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace monitor::service {
namespace {

/// Brotli at the library's fixed, highest level takes a second for a megabyte; gzip does not.
void PreferGzip(httplib::Request& request) {
  const bool gzip = request.get_header_value("Accept-Encoding").find("gzip") != std::string::npos;
  request.headers.erase("Accept-Encoding");
  if (gzip) request.headers.emplace("Accept-Encoding", "gzip");
}

/// The library answers a range with 200 and wrong lengths, and beyond the end with a length of
/// 2^64: a range is a wish that a server may ignore, so it always gets the whole.
void IgnoreRanges(httplib::Request& request) {
  request.headers.erase("Range");
  request.ranges.clear();
}

}  // namespace

GuardedServer::GuardedServer(GuardLimits limits, TimeLimits times, std::size_t threads,
                             std::size_t requests_per_connection)
    : limits_(limits), times_(times), requests_per_connection_(requests_per_connection) {
  new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
  set_tcp_nodelay(true);
  set_keep_alive_max_count(requests_per_connection);
  set_payload_max_length(limits.blob_bytes);
  // Not the library's SO_REUSEPORT: two services on one port would share the clients in silence.
  set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
}

bool GuardedServer::process_and_close_socket(socket_t socket) {
  GuardedStream stream(socket, times_, limits_.header_bytes, stopping_);
  for (std::size_t left = requests_per_connection_; left > 0; --left) {
    if (!stream.AwaitRequest(times_.head)) break;
    bool closed = false;
    bool write = false;
    const bool served = process_request(stream, left == 1, closed, [&](httplib::Request& request) {
      stream.HeadComplete();
      PreferGzip(request);
      IgnoreRanges(request);
      // What is left of a refused body must never be read as the next request.
      write = request.method != "GET" && request.method != "HEAD";
      if (!write) return;
      request.headers.erase("Connection");
      request.headers.emplace("Connection", "close");
    });
    if (!served || closed || write) break;
  }
  stream.LingeringClose();
  return true;
}

}  // namespace monitor::service
