#include "monitor/cli/agent_metadata.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <variant>

#include "monitor/acquisition/read_image.h"

namespace monitor::cli {
namespace {

std::string Text(double value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

std::string Text(const std::string& value) { return value; }

template <typename T>
std::string Text(const std::vector<T>& values) {
  std::string list;
  for (std::size_t i = 0; i < values.size(); ++i) list += (i == 0 ? "" : ",") + Text(values[i]);
  return list;
}

}  // namespace

int PrintMetadata(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    std::fprintf(stderr, "etalon agent: %s cannot be read\n", path.c_str());
    return 1;
  }
  nlohmann::json stated = nlohmann::json::object();
  const acquisition::Image image =
      acquisition::ReadImage({descriptor, static_cast<std::uint64_t>(status.st_size), "", {}});
  close(descriptor);
  stated["format"] = image.format;
  for (const auto& [key, value] : image.metadata) {
    stated[key] = std::visit([](const auto& content) { return Text(content); }, value);
  }
  std::printf("%s\n",
              stated.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  return 0;
}

}  // namespace monitor::cli
