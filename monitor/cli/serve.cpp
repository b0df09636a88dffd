#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "monitor/cli/commands.h"
#include "monitor/log/log.h"
#include "monitor/service/anchorer.h"
#include "monitor/service/data_folder.h"
#include "monitor/service/facility_file.h"
#include "monitor/service/http_server.h"
#include "monitor/service/people.h"
#include "monitor/service/time_text.h"
#include "sop/store/store.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using service::Milliseconds;

struct ServeOptions {
  std::string data;
  std::string facility;
  std::string listen = "127.0.0.1:8080";
  std::string origin;
  std::string clock_start;
  std::string public_url;
  std::string database;
  service::TimestampAuthority timestamps;
  std::string oidc;
};

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The clock of this process: the real one, or, in a demo, one that was set at start and runs on.
class ServiceClock {
 public:
  void StartAt(Milliseconds time) { offset_ms_ = (time - Real()).count(); }
  [[nodiscard]] Milliseconds Now() const {
    return Real() + std::chrono::milliseconds(offset_ms_.load());
  }

 private:
  static Milliseconds Real() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  std::atomic<std::int64_t> offset_ms_ = 0;
};

std::string ReadText(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw std::runtime_error("Cannot read " + path + "; check the path.");
  return text.str();
}

/// "127.0.0.1:8080", ":0" (loopback, any port), "[::1]:8080".
service::ServerOptions Address(const std::string& listen) {
  service::ServerOptions options;
  const std::size_t colon = listen.rfind(':');
  const std::string port = colon == std::string::npos ? "" : listen.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != port.npos ||
      std::stoi(port) > 65535) {
    throw UsageError("--listen takes HOST:PORT, for example 127.0.0.1:8080 or :0.");
  }
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!host.empty()) options.host = host;
  options.port = std::stoi(port);
  return options;
}

/// An origin as browsers write it: scheme, host and port, nothing else.
std::string PublicUrl(const std::string& url) {
  const bool known = url.starts_with("https://") || url.starts_with("http://");
  const std::size_t host = url.find("://") + 3;
  if (url.empty() || (known && url.size() > host && url.find('/', host) == url.npos)) return url;
  throw UsageError("--public-url takes an address such as https://etalon.example.org, no path.");
}

/// The origin that a new log gets: the option, else what the facility file says.
std::string NewOrigin(const ServeOptions& options) {
  if (!options.origin.empty()) return options.origin;
  if (!options.facility.empty()) {
    const auto rows = service::ReadFacilityFile(ReadText(options.facility),
                                                fs::path(options.facility).parent_path().string());
    for (const auto& row : rows) {
      const std::string origin = row.body.value("log_origin", "");
      if (row.type == "facility_described" && !origin.empty()) return origin;
    }
  }
  return "localhost/etalon";
}

/// A record's name is the name of its key: "origin+hash+key".
std::string OriginOf(const service::QualityRecord& record) {
  const std::string key = record.VerifierKey();
  return key.substr(0, key.find('+'));
}

void RefuseSimulatedClock(const ServeOptions& options, const std::string& origin) {
  if (options.clock_start.empty() || origin.starts_with("demo/")) return;
  throw UsageError("--clock-start is only for a log whose origin begins with demo/; this one is " +
                   origin + ".");
}

/// The first start leaves a token for whoever can read the data folder. An empty file is what a
/// start that was cut short left of it.
void WriteAdminToken(service::QualityRecord& record, const fs::path& file) {
  if (fs::exists(file) && fs::file_size(file) > 0) return;
  service::WriteSecret(file.string(), record.IssueToken("admin", "admin") + "\n");
}

void ApplyFacility(service::QualityRecord& record, const std::string& file) {
  if (file.empty()) return;
  const auto applied =
      record.ApplyFacility(ReadText(file), fs::path(file).parent_path().string(), "admin");
  log::Log(log::Severity::kInfo, "facility_applied", applied);
}

std::unique_ptr<service::QualityRecord> OpenRecord(const ServeOptions& options,
                                                   ServiceClock& clock) {
  const bool fresh = !fs::exists(fs::path(options.data) / "log.key");
  const std::string origin = NewOrigin(options);
  const auto start = service::ParseTime(options.clock_start);
  if (!options.clock_start.empty() && !start) {
    throw UsageError("--clock-start takes a UTC time such as 2026-01-01T00:00:00Z.");
  }
  if (fresh) RefuseSimulatedClock(options, origin);
  if (fresh && start) clock.StartAt(*start);
  auto record = std::make_unique<service::QualityRecord>(
      service::RecordOptions{.data_dir = options.data,
                             .log_origin = origin,
                             .clock = [&clock] { return clock.Now(); },
                             .database = options.database});
  RefuseSimulatedClock(options, OriginOf(*record));
  if (start) clock.StartAt(*start);
  return record;
}

/// Runs until a signal asks it to end. The signals are blocked before the first thread starts.
int Serve(const ServeOptions& options) {
  service::ServerOptions address = Address(options.listen);
  address.public_url = PublicUrl(options.public_url);
  if (!options.oidc.empty()) {
    const std::string listening = "http://" + address.host + ":" + std::to_string(address.port);
    address.oidc = service::LoadOidcConfig(
        options.oidc, address.public_url.empty() ? listening : address.public_url);
  }
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  ServiceClock clock;
  const auto record = OpenRecord(options, clock);
  record->people().SeedRoles();
  ApplyFacility(*record, options.facility);
  const fs::path token_file = fs::path(options.data) / "admin.token";
  WriteAdminToken(*record, token_file);
  service::BlobStore blobs(fs::path(options.data) / "blobs");
  service::AgentContacts contacts;
  service::RequestMeter meter;
  const service::Clock now = [&clock] { return clock.Now(); };
  std::unique_ptr<service::Anchorer> anchorer;
  service::Services services{*record, blobs, contacts, meter, now};
  if (!options.timestamps.url.empty()) {
    anchorer = std::make_unique<service::Anchorer>(*record, options.timestamps, now);
    services.notes = [&anchorer] { return anchorer->Notes(); };
  }
  service::HttpServer server(services, address);
  const std::string host =
      address.host.find(':') == std::string::npos ? address.host : "[" + address.host + "]";
  if (!address.public_url.starts_with("https://") && !service::IsLoopback(address.host)) {
    log::Log(log::Severity::kWarning, "passwords_travel_in_clear", {{"listen", options.listen}});
  }
  const std::string url = "http://" + host + ":" + std::to_string(server.port());
  log::Log(log::Severity::kInfo, "serving", {{"url", url}, {"origin", OriginOf(*record)}});
  std::cout << "Listening on " << url << "\nAdministrator's token: " << token_file.string()
            << std::endl;

  int signal = 0;
  sigwait(&ending, &signal);
  log::Log(log::Severity::kInfo, "stopping", {{"signal", signal}});
  server.Stop();
  return 0;
}

}  // namespace

int RunServe(int argc, char** argv) {
  ServeOptions options;
  CLI::App app("Keeps the quality record and answers for it over HTTP.", "etalon serve");
  app.add_option("--data", options.data, "Folder of the record; made when missing")->required();
  app.add_option("--facility", options.facility, "facility.toml to seed the register from");
  app.add_option("--listen", options.listen, "HOST:PORT; :0 takes any free port of loopback")
      ->capture_default_str();
  app.add_option("--oidc", options.oidc, "Sign-in at an institution: a file with [oidc]");
  app.add_option("--public-url", options.public_url,
                 "What people type when a TLS proxy on this machine stands in front");
  app.add_option("--origin", options.origin, "Origin of a new log, \"example.org/etalon\"");
  app.add_option("--clock-start", options.clock_start,
                 "Simulated time at start; only for logs whose origin begins with demo/");
  app.add_option("--database", options.database,
                 "postgresql://USER@HOST/NAME of the journal; else etalon.db in the folder");
  auto* authority = app.add_option("--timestamp-authority", options.timestamps.url,
                                   "URL of an RFC 3161 authority that anchors the log daily");
  auto* ca = app.add_option("--timestamp-ca", options.timestamps.ca_file,
                            "PEM file with the root of that authority's certificates");
  authority->needs(ca);
  ca->needs(authority)->check(CLI::ExistingFile);
  try {
    app.parse(argc, argv);
    return Serve(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const UsageError& error) {
    std::cerr << "etalon serve: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "etalon serve: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace monitor::cli
