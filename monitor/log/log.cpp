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
#include <chrono>
#include <ctime>
#include <iostream>
#include <string>

namespace monitor::log {
namespace {

std::atomic<bool> configured = false;
std::atomic<Level> least_level = Level::kInfo;
std::string program_name;

std::string_view Name(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

}  // namespace

void Configure(std::string_view program, Level least) {
  namespace sinks = boost::log::sinks;
  program_name = std::string(program);
  least_level = least;
  auto backend = boost::make_shared<sinks::text_ostream_backend>();
  backend->add_stream(boost::shared_ptr<std::ostream>(&std::clog, boost::null_deleter()));
  // A line must be out before the process can be killed: it may be the last one.
  backend->auto_flush(true);
  auto sink = boost::make_shared<sinks::synchronous_sink<sinks::text_ostream_backend>>(backend);
  sink->set_formatter(boost::log::expressions::stream << boost::log::expressions::smessage);
  boost::log::core::get()->remove_all_sinks();
  boost::log::core::get()->add_sink(sink);
  configured = true;
}

void Write(Level level, std::string_view event, const nlohmann::json& fields) {
  if (!configured || level < least_level) return;
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  nlohmann::ordered_json line = {{"time", time.data()},
                                 {"level", Name(level)},
                                 {"program", program_name},
                                 {"event", event}};
  for (const auto& [key, value] : fields.items()) line[key] = value;
  // Bytes that are not UTF-8 are replaced: the log must not throw on what it reports.
  const std::string text =
      line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  boost::log::sources::logger logger;
  BOOST_LOG(logger) << text;
}

}  // namespace monitor::log
