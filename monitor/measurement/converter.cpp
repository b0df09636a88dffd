#include "monitor/measurement/converter.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "monitor/acquisition/printable.h"

namespace monitor::measurement {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "etalon-convert-";
constexpr std::string_view kOutputName = "converted.ome.tiff";
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{256} << 30;
constexpr std::streamsize kQuotedBytes = 300;

fs::path TemporaryFolder() {
  const char* wanted = std::getenv("TMPDIR");
  return wanted != nullptr && *wanted != '\0' ? wanted : "/var/tmp";
}

// What a killed process left behind; the number of its process is in the name.
void SweepLeftOvers(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator item(folder, error), end; !error && item != end;
       item.increment(error)) {
    const std::string name = item->path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    int process = 0;
    const char* digits = name.data() + kPrefix.size();
    const auto [rest, fault] = std::from_chars(digits, name.data() + name.size(), process);
    const bool ours = fault == std::errc{} && rest != name.data() + name.size() && *rest == '-';
    if (!ours || process <= 0 || kill(process, 0) == 0 || errno != ESRCH) continue;
    std::error_code ignored;
    fs::remove_all(item->path(), ignored);
  }
}

/// A folder of our own that is removed with everything in it.
class WorkFolder {
 public:
  WorkFolder() {
    const fs::path base = TemporaryFolder();
    SweepLeftOvers(base);
    std::string name =
        (base / (std::string(kPrefix) + std::to_string(getpid()) + "-XXXXXX")).string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void Limit(__rlimit_resource resource, std::uint64_t value) {
  const rlimit limit{value, value};
  if (setrlimit(resource, &limit) != 0) _exit(126);
}

[[noreturn]] void RunCommand(const std::vector<char*>& words, const std::string& output,
                             const IsolationLimits& limits) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_CPU, static_cast<std::uint64_t>(limits.cpu_s));
  Limit(RLIMIT_DATA, limits.data_bytes);
  Limit(RLIMIT_FSIZE, kMaxFileBytes);
  const int nothing = open("/dev/null", O_RDONLY);
  const int said = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (nothing < 0 || said < 0) _exit(126);
  dup2(nothing, STDIN_FILENO);
  dup2(said, STDOUT_FILENO);
  dup2(said, STDERR_FILENO);
  execvp(words.front(), words.data());
  _exit(127);
}

// The status that waitpid gives; absent when the time was over and the group was killed.
std::optional<int> WaitFor(pid_t child, int wall_s) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::seconds(wall_s);
  int status = 0;
  auto pause = std::chrono::milliseconds(1);
  while (true) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR) return std::nullopt;
    if (Clock::now() > deadline) {
      kill(-child, SIGKILL);
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return std::nullopt;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
  }
  kill(-child, SIGKILL);  // whatever it started and left behind
  return status;
}

std::string LastWords(const fs::path& output) {
  std::ifstream file(output, std::ios::binary | std::ios::ate);
  const std::streamsize length = file ? static_cast<std::streamsize>(file.tellg()) : 0;
  const std::streamsize wanted = std::min(length, kQuotedBytes);
  if (wanted <= 0) return "";
  std::string text(static_cast<std::size_t>(wanted), '\0');
  file.seekg(length - wanted);
  file.read(text.data(), wanted);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return "; it said: " + acquisition::Printable(text.substr(text.rfind('\n') + 1));
}

std::string WhyItFailed(const std::string& program, const std::optional<int>& status,
                        const IsolationLimits& limits, const fs::path& output) {
  const std::string name = "the converter '" + acquisition::Printable(program) + "' ";
  if (!status) {
    return name + "took longer than " + std::to_string(limits.wall_s) + " s and was stopped";
  }
  if (WIFSIGNALED(*status)) {
    return name + "was ended by signal " + std::to_string(WTERMSIG(*status)) +
           " (memory and time are limited)" + LastWords(output);
  }
  if (WEXITSTATUS(*status) == 127) {
    return name + "could not be started; check the command and that it is installed";
  }
  if (WEXITSTATUS(*status) != 0) {
    return name + "failed with exit code " + std::to_string(WEXITSTATUS(*status)) +
           LastWords(output);
  }
  return name + "wrote no file to {output}" + LastWords(output);
}

std::string Replaced(std::string word, std::string_view what, const std::string& with) {
  for (std::size_t at = word.find(what); at != word.npos; at = word.find(what, at + with.size())) {
    word.replace(at, what.size(), with);
  }
  return word;
}

std::optional<int> RunIn(const WorkFolder& folder, const ConverterCommand& command,
                         const std::string& path, const IsolationLimits& limits) {
  const std::string made = (folder.path() / kOutputName).string();
  std::vector<std::string> words;
  for (const std::string& word : command) {
    const std::string input = fs::absolute(path).string();
    words.push_back(
        word == "{input}" ? input : Replaced(Replaced(word, "{output}", made), "{input}", input));
  }
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const std::string said = (folder.path() / "said.txt").string();
  const pid_t child = fork();
  if (child == 0) RunCommand(pointers, said, limits);
  return child < 0 ? std::nullopt : WaitFor(child, limits.wall_s);
}

}  // namespace

void CheckConverter(const ConverterCommand& command) {
  const auto names = [&command](std::string_view place) {
    return std::any_of(command.begin(), command.end(),
                       [place](const std::string& word) { return word.find(place) != word.npos; });
  };
  if (command.size() >= 2 && names("{input}") && names("{output}")) return;
  throw UsageError(
      "the converter takes a command with {input} and {output}, such as \"bfconvert {input} "
      "{output}\"");
}

ConverterCommand ParseConverter(std::string_view text) {
  ConverterCommand command;
  if (text.starts_with('[')) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    for (const auto& word : json) {
      if (word.is_string()) command.push_back(word.get<std::string>());
    }
  } else {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(' '), text.size());
      if (end > 0) command.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  CheckConverter(command);
  return command;
}

std::variant<InputFile, std::string> Convert(const ConverterCommand& command,
                                             const std::string& path,
                                             const IsolationLimits& limits) {
  const WorkFolder folder;
  if (folder.path().empty()) {
    return "no folder for the converter's file in " + TemporaryFolder().string() +
           "; free space there or set TMPDIR";
  }
  const std::optional<int> status = RunIn(folder, command, path, limits);
  if (status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0) {
    auto opened = InputFile::Open((folder.path() / kOutputName).string());
    if (auto* file = std::get_if<InputFile>(&opened)) return std::move(*file);
  }
  return WhyItFailed(command.front(), status, limits, folder.path() / "said.txt");
}

}  // namespace monitor::measurement
