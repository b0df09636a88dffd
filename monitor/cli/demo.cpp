#include <arpa/inet.h>
#include <fcntl.h>
#include <httplib.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "monitor/agent/durable_file.h"
#include "monitor/agent/enrolment.h"
#include "monitor/cli/commands.h"
#include "monitor/cli/demo_seed.h"
#include "monitor/simulation/demo_year.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr int kFirstPort = 8080;
constexpr int kLastPort = 8980;
constexpr auto kStartTimeout = 20s;
constexpr auto kVerdictTimeout = 90s;

volatile sig_atomic_t stop_requested = 0;
void RequestStop(int) { stop_requested = 1; }

std::chrono::sys_seconds Now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// A folder of this run, removed at its end together with the year inside.
class RunFolder {
 public:
  RunFolder() {
    std::string pattern = (fs::temp_directory_path() / "etalon-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("no temporary folder could be made in " +
                               fs::temp_directory_path().string() + ": is it writable?");
    }
    path_ = pattern;
  }
  ~RunFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// One of our own programs on its way; it is asked to stop, and ends with us whatever happens.
class Program {
 public:
  Program(const std::vector<std::string>& command, const fs::path& log) {
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("no process could be started: " + command[0]);
    if (pid_ == 0) Become(command, log, parent);
  }
  ~Program() {
    kill(pid_, SIGTERM);
    for (int i = 0; i < 100 && IsRunning(); ++i) std::this_thread::sleep_for(50ms);
    if (!ended_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  [[nodiscard]] bool IsRunning() {
    if (!ended_) ended_ = waitpid(pid_, nullptr, WNOHANG) == pid_;
    return !ended_;
  }

 private:
  [[noreturn]] static void Become(const std::vector<std::string>& command, const fs::path& log,
                                  pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execv(words[0], words.data());
    _exit(127);
  }
  pid_t pid_ = -1;
  bool ended_ = false;
};

bool IsFree(int port) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool is_free = bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(socket_fd);
  return is_free;
}

int FirstFreePort(int from) {
  for (int port = from; port <= kLastPort; ++port) {
    if (IsFree(port)) return port;
  }
  throw std::runtime_error("no free port between 8080 and 8980 on 127.0.0.1");
}

fs::path ProgramFolder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

std::string AgentToml(const std::string& service, int port) {
  std::string toml =
      "[agent]\nname = \"demo-agent\"\nservice = \"" + service +
      "\"\ntoken_file = \"agent.token\"\nlisten = \"127.0.0.1:" + std::to_string(port) +
      "\"\n\n[spool]\ndir = \"spool\"\narchive = \"copy\"\n";
  struct Row {
    const char *instrument, *configuration, *performer, *psf_procedure;
  };
  for (const Row& row :
       {Row{"lsm-1", "63x-561", "ana", "PSF-03"}, Row{"sd-1", "100x-488", "ana", "PSF-04"},
        Row{"wf-1", "40x-gfp", "bruno", "PSF-05"}}) {
    toml += std::string("\n[[watch]]\ninstrument = \"") + row.instrument + "\"\ndir = \"qc/" +
            row.instrument + "\"\nsettle_s = 1\npoll_s = 0.5\n";
    for (const auto& [glob, procedure] :
         {std::pair{"**/psf_*.tif", row.psf_procedure}, std::pair{"**/field_*.tif", "FIELD-02"},
          std::pair{"**/power_*.csv", "POWER-01"}}) {
      toml += std::string("[[watch.rule]]\nglob = \"") + glob + "\"\nconfiguration = \"" +
              row.configuration + "\"\nprocedure = \"" + procedure +
              "\"\npurpose = \"as_found\"\nperformer = \"" + row.performer + "\"\n";
    }
  }
  return toml;
}

json Get(const std::string& address, const std::string& path) {
  httplib::Client client(address);
  client.set_read_timeout(10);
  const auto answer = client.Get(path);
  if (!answer || answer->status != 200) return nullptr;
  return json::parse(answer->body, nullptr, /*allow_exceptions=*/false);
}

void WaitUntilServing(Program& service, const std::string& address, const fs::path& log) {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  httplib::Client client(address);
  while (std::chrono::steady_clock::now() < deadline) {
    if (!service.IsRunning()) break;
    const auto answer = client.Get("/readyz");
    if (answer && answer->status == 200) return;
    std::this_thread::sleep_for(100ms);
  }
  throw std::runtime_error("the service did not start; it said: " + agent::ReadFile(log, 1u << 20));
}

/// Lays the file into the watched folder as an acquisition program does: under another name first.
void DropCheck(const simulation::PlannedCheck& check, const fs::path& folder) {
  const fs::path hidden = folder / ("." + check.file_name + ".part");
  simulation::RenderCheck(check, hidden);
  fs::rename(hidden, folder / check.file_name);
}

/// The key of the newest measurement of LSM 1 that is none of `before`; empty while there is none.
std::string NewMeasurement(const std::string& address, const std::string& before) {
  const json list = Get(address, "/api/v1/measurements?instrument=lsm-1&procedure=PSF-03");
  if (!list.is_object() || list["items"].empty()) return "";
  const std::string key = list["items"][0].value("key", "");
  return key == before ? "" : key;
}

json MeasureOnce(const std::string& address, const fs::path& dir) {
  const json before = Get(address, "/api/v1/measurements?instrument=lsm-1&procedure=PSF-03");
  const std::string last = before["items"].empty() ? "" : before["items"][0].value("key", "");
  const auto check = simulation::PlanCheckNow(Now());
  std::cerr << "dropping " << check.file_name << " into the watched folder of LSM 1\n";
  DropCheck(check, dir / "qc/lsm-1");
  const auto deadline = std::chrono::steady_clock::now() + kVerdictTimeout;
  std::string key;
  while (key.empty()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("no verdict came within 90 s; the agent said: " +
                               agent::ReadFile(dir / "agent.log", 1u << 20));
    }
    std::this_thread::sleep_for(200ms);
    key = NewMeasurement(address, last);
  }
  const json fitness =
      Get(address, "/api/v1/fitness?instrument=lsm-1&configuration=63x-561&profile=routine");
  return {{"instrument", "lsm-1"},
          {"configuration", "63x-561"},
          {"profile", "routine"},
          {"verdict", fitness.at("verdict")},
          {"reasons", fitness.at("reasons")},
          {"url", address + "/measurements/" + key}};
}

SeededFacility Seed(const fs::path& dir) {
  const auto begin = std::chrono::steady_clock::now();
  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  const auto seeded = SeedDemoYear(dir, ProgramFolder() / "etalon", Now(), [&](int done, int all) {
    if (is_terminal) {
      std::cerr << "\rliving a year of the facility: " << done << " of " << all << " checks  ";
    } else if (done % 30 == 0 || done == all) {
      std::cerr << "living a year of the facility: " << done << " of " << all << " checks\n";
    }
  });
  const auto taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin);
  std::fprintf(stderr, "%s%d measurements of drawn images, measured in %.0f s\n",
               is_terminal ? "\r" : "", seeded.measurements, taken.count());
  return seeded;
}

void Welcome(const SeededFacility& seeded, const std::string& address, int agent_port,
             const fs::path& dir) {
  std::cerr << "\nEtalon demonstration facility\n  pages    " << address << "\n  sign-in  "
            << address << "/sign-in\n";
  for (const DemoPerson& person : seeded.people) {
    std::cerr << "           account " << person.account << ", password \"" << person.password
              << "\": " << person.name << ", " << person.role << "\n";
  }
  std::cerr << "  token    " << seeded.admin_token << " (administrator)\n  metrics  " << address
            << "/metrics and http://127.0.0.1:" << agent_port
            << "/metrics\n  drop     calibration images into " << (dir / "qc").string()
            << "/<instrument>/ (psf_*.tif, field_*.tif, power_*.csv)\n";
}

int Serve(bool once, const fs::path& dir) {
  const SeededFacility seeded = Seed(dir);
  const int port = FirstFreePort(kFirstPort);
  const std::string address = "http://127.0.0.1:" + std::to_string(port);
  Program service({(ProgramFolder() / "etalon-server").string(), "serve", "--data",
                   seeded.data_dir.string(), "--listen", "127.0.0.1:" + std::to_string(port)},
                  dir / "service.log");
  WaitUntilServing(service, address, dir / "service.log");

  const int agent_port = FirstFreePort(port + 1);
  for (const char* instrument : {"lsm-1", "sd-1", "wf-1"}) {
    fs::create_directories(dir / "qc" / instrument);
  }
  const agent::Credentials credentials{dir / "agent.token"};
  agent::WriteSecretDurably(credentials.token_file, seeded.agent_token);
  agent::WriteSecretDurably(credentials.KeyFile(), seeded.agent_key);
  agent::WriteFileDurably(dir / "agent.toml", AgentToml(address, agent_port));
  Program agent(
      {(ProgramFolder() / "etalon").string(), "agent", "--config", (dir / "agent.toml").string()},
      dir / "agent.log");

  Welcome(seeded, address, agent_port, dir);
  if (once) {
    const json verdict = MeasureOnce(address, dir);
    std::cout << verdict.dump() << std::endl;
    return 0;
  }
  std::cerr << "Ctrl-C stops it and removes everything.\n";
  while (stop_requested == 0) {
    if (!service.IsRunning() || !agent.IsRunning()) {
      throw std::runtime_error(
          "the service or the agent ended by itself: see service.log and "
          "agent.log in " +
          dir.string());
    }
    std::this_thread::sleep_for(300ms);
  }
  return 0;
}

}  // namespace

int RunDemo(int argc, char** argv) {
  const std::string option = argc > 1 ? argv[1] : "";
  if (argc > 2 || (!option.empty() && option != "--once")) {
    std::cerr << "usage: etalon demo [--once]\n"
                 "A facility with a year of measurements on loopback; --once measures one more "
                 "image, prints its verdict as JSON and stops.\n";
    return option == "--help" ? 0 : 2;
  }
  signal(SIGINT, RequestStop);
  signal(SIGTERM, RequestStop);
  try {
    const RunFolder folder;
    return Serve(option == "--once", folder.path());
  } catch (const std::exception& error) {
    std::cerr << "etalon demo: " << error.what() << "\n";
    return 1;
  }
}

}  // namespace monitor::cli
