#include "monitor/log/log.h"

#include <array>
#include <atomic>
#include <boost/core/null_deleter.hpp>
#include <boost/log/core.hpp>
#include <boost/log/expressions.hpp>
#include <boost/log/sinks/sync_frontend.hpp>
#include <boost/log/sinks/text_ostream_backend.hpp>
#include <boost/log/sources/logger.hpp>
#include <boost/log/sources/record_ostream.hpp>
#include <boost/make_shared.hpp>
#include <boost/shared_ptr.hpp>
#include <ctime>
#include <iostream>
#include <mutex>
#include <string>

namespace monitor::log {
namespace {

std::atomic<Severity> minimum = Severity::kInfo;

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "debug";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "error";
}

void Configure() {
  namespace sinks = boost::log::sinks;
  auto backend = boost::make_shared<sinks::text_ostream_backend>();
  backend->add_stream(boost::shared_ptr<std::ostream>(&std::cerr, boost::null_deleter()));
  // A line must be out before the process can be killed: it may be the last one.
  backend->auto_flush(true);
  auto sink = boost::make_shared<sinks::synchronous_sink<sinks::text_ostream_backend>>(backend);
  sink->set_formatter(boost::log::expressions::stream << boost::log::expressions::smessage);
  boost::log::core::get()->add_sink(sink);
}

std::string Now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

}  // namespace

void SetMinimumSeverity(Severity least) { minimum = least; }

void Log(Severity severity, std::string_view event, const nlohmann::json& fields) {
  if (severity < minimum) return;
  static std::once_flag configured;
  std::call_once(configured, Configure);
  nlohmann::ordered_json line = {{"time", Now()}, {"severity", Name(severity)}, {"event", event}};
  for (const auto& [key, value] : fields.items()) line[key] = value;
  // Bytes that are not UTF-8 are replaced: the log must not throw on what it reports.
  const std::string text =
      line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  boost::log::sources::logger logger;
  BOOST_LOG(logger) << text;
}

}  // namespace monitor::log
